// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/data/text.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::tasks {
namespace {

std::string digest(const std::vector<data::Token>& tokens) {
  return sha256_hex({reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(data::Token)});
}

/// Text cut into samples of equally many tokens, of which each predicts the next. In tests each token is predicted from
/// at least `context` before it (fairseq's --context-window).
class LanguageModelling final : public Task {
 public:
  LanguageModelling(data::TextCorpus corpus, std::int64_t tokens, std::int64_t context, const train::Settings& settings)
      : corpus_(std::move(corpus)),
        train_(corpus_.train, tokens),
        test_(corpus_.test, tokens, context),
        settings_(settings),
        batch_(settings.batch),
        order_(train_.count(), batch_, settings.seed) {}

  models::Extent extent() const override { return {corpus_.vocabulary.padded_size(), train_.length()}; }
  std::int64_t batches_per_epoch() const override { return order_.batches_per_epoch(); }
  std::int64_t train_samples() const override { return order_.count(); }

  Batch train_batch(std::int64_t iteration) override {
    const std::span<const std::int64_t> samples = order_.batch(iteration);
    Batch batch = part_of_batch(
        samples, settings_, [&](std::span<const std::int64_t> part, std::int64_t) { return batch_of(train_, part); });
    batch.whole = 0;
    for (const std::int64_t sample : samples) batch.whole += train_targets(sample);
    return batch;
  }

  std::vector<Metric> test(const Infer& infer, std::int64_t limit) override {
    const std::int64_t blocks = limit == 0 ? test_.count() : std::min(limit, test_.count());
    double loss = 0, tokens = 0;
    std::vector<std::int64_t> samples;
    for (std::int64_t first = 0; first < blocks; first += batch_) {
      samples.clear();
      for (std::int64_t i = first; i < std::min(first + batch_, blocks); ++i) samples.push_back(i);
      const Batch part = batch_of(test_, samples);
      loss += at::cross_entropy_loss(infer(part.input).flatten(0, 1), part.target.flatten(), {}, at::Reduction::Sum,
                                     data::kNoTarget)
                  .item<double>();
      tokens += part.target.ne(data::kNoTarget).sum().item<double>();
    }
    return {{"loss", loss / tokens}, {"perplexity", std::exp(loss / tokens)}};
  }

  TraceMeta describe() const override {
    TraceMeta meta = description_without_data(settings_);
    meta.insert({
        {"dataset_sha256", sha256_hex(digest(corpus_.train) + digest(corpus_.test) + corpus_.vocabulary.to_string())},
        {"train_tokens", std::to_string(corpus_.train.size())},
        {"test_tokens", std::to_string(corpus_.test.size())},
        {"test_samples", std::to_string(test_.count())},
        {"test_unknown_percent", fmt::format("{:.2f}", 100 * data::unknown_share(corpus_.test))},
        {"vocabulary", std::to_string(corpus_.vocabulary.size())},
        {"unigram_perplexity",
         fmt::format("{:.2f}", data::unigram_perplexity(corpus_.train, corpus_.test, corpus_.vocabulary.size()))},
    });
    return meta;
  }

 private:
  /// All tokens of a training sample are targets, but the last sample of the text may be filled in part.
  std::int64_t train_targets(std::int64_t sample) const {
    return std::min(train_.length(), static_cast<std::int64_t>(corpus_.train.size()) - sample * train_.length());
  }

  static Batch batch_of(const data::TokenBlocks& blocks, std::span<const std::int64_t> samples) {
    const auto count = static_cast<std::int64_t>(samples.size());
    const at::Tensor input = at::empty({count, blocks.length()}, at::kInt), target = at::empty_like(input);
    for (std::int64_t i = 0; i < count; ++i) {
      blocks.fill(samples[static_cast<std::size_t>(i)], input.data_ptr<data::Token>() + i * blocks.length(),
                  target.data_ptr<data::Token>() + i * blocks.length());
    }
    return {input.to(at::kLong), target.to(at::kLong)};
  }

  data::TextCorpus corpus_;
  data::TokenBlocks train_, test_;
  const train::Settings& settings_;
  std::int64_t batch_;
  SampleOrder order_;
};

}  // namespace

std::unique_ptr<Task> language_modelling_task(const train::Settings& settings) {
  const std::int64_t tokens = sample_size(settings);
  const std::int64_t context = tokens * 25 / 32;  // 400 of 512, fairseq's setting for this network
  data::TextCorpus corpus = train::dataset_entry(settings.dataset).load<data::TextCorpus>(settings.data_directory);
  if (!settings.test_directory.empty()) corpus.test = data::read_tokens(settings.test_directory, corpus.vocabulary);
  return std::make_unique<LanguageModelling>(std::move(corpus), tokens, context, settings);
}

}  // namespace ldpsim::tasks
