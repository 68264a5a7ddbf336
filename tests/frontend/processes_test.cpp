// SPDX-License-Identifier: Apache-2.0
// Range BN of a batch of which two processes have a part each: here two threads that meet at a barrier.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <barrier>
#include <mutex>
#include <thread>

#include "frontend/quant/range_norm.hpp"
#include "frontend/scale/ensemble.hpp"

namespace ldpsim {
namespace {

using at::Tensor;

class TwoThreads final : public scale::Ensemble {
 public:
  int size() const override { return 2; }
  void sum(Tensor& values) override {
    meet(values, [](const Tensor& a, const Tensor& b) { return a + b; });
  }
  void largest(Tensor& values) override {
    meet(values, [](const Tensor& a, const Tensor& b) { return at::maximum(a, b); });
  }

 private:
  template <typename Operation>
  void meet(Tensor& values, const Operation& operation) {
    {
      const std::lock_guard lock(mutex_);
      parts_.push_back(values.clone());
    }
    barrier_.arrive_and_wait();
    values.copy_(operation(parts_[0], parts_[1]));
    barrier_.arrive_and_wait();
    {
      const std::lock_guard lock(mutex_);
      parts_.clear();
    }
    barrier_.arrive_and_wait();
  }

  std::mutex mutex_;
  std::barrier<> barrier_{2};
  std::vector<Tensor> parts_;
};

/// Forward and backward pass over samples [first, first + count) of a batch.
struct Part {
  Tensor x, weight, bias, mean = at::zeros({3}), inverse = at::zeros({3}), y;
  quant::Site site;

  Part(const Tensor& whole, const Tensor& incoming, std::int64_t first, std::int64_t count, bool stochastic)
      : x(whole.narrow(0, first, count).clone().requires_grad_()),
        weight(torch::tensor({0.5f, 1.0f, 2.0f}).requires_grad_()),
        bias(torch::tensor({0.1f, -0.2f, 0.3f}).requires_grad_()),
        incoming_(incoming.narrow(0, first, count)) {
    site.scheme.mean_range = true;
    site.scheme.stochastic_activations = stochastic;
    site.activation_bits = site.gradient_bits = 5;  // few enough for equal largest values in a chunk
    site.rounding_key = 9;
    site.first_sample = first;
  }
  void run() {
    y = quant::range_norm(x, weight, bias, mean, inverse, site);
    y.backward(incoming_);
  }

 private:
  Tensor incoming_;
};

class RangeNormOfTwo : public testing::TestWithParam<std::tuple<std::int64_t, bool>> {};

TEST_P(RangeNormOfTwo, EqualsThatOfOne) {
  const auto [first, stochastic] = GetParam();
  at::manual_seed(31);
  const Tensor x = at::randn({6, 3, 5, 5}), incoming = at::randn({6, 3, 5, 5});
  Part whole(x, incoming, 0, 6, stochastic), one(x, incoming, 0, first, stochastic),
      two(x, incoming, first, 6 - first, stochastic);
  whole.run();
  scale::join(std::make_unique<TwoThreads>());
  std::thread other([&two = two] { two.run(); });
  one.run();
  other.join();
  scale::join(std::make_unique<scale::Ensemble>());

  EXPECT_TRUE(at::allclose(at::cat({one.y, two.y}), whole.y, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(at::cat({one.x.grad(), two.x.grad()}), whole.x.grad(), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(one.weight.grad() + two.weight.grad(), whole.weight.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(one.bias.grad() + two.bias.grad(), whole.bias.grad(), 1e-4, 1e-5));
  for (const Part* part : {&one, &two}) {
    EXPECT_TRUE(at::allclose(part->mean, whole.mean, 1e-5, 1e-7));
    EXPECT_TRUE(at::allclose(part->inverse, whole.inverse, 1e-5, 1e-7));
    EXPECT_FLOAT_EQ(part->site.running_low, whole.site.running_low);
    EXPECT_FLOAT_EQ(part->site.running_span, whole.site.running_span);
  }
}

INSTANTIATE_TEST_SUITE_P(WhereverItIsCut, RangeNormOfTwo,
                         testing::Combine(testing::Values(1, 2, 3, 5), testing::Bool()));

}  // namespace
}  // namespace ldpsim
