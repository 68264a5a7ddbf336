// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/checkpoint.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/object.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "frontend/train/agreement.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

/// Of the layers, then of Range BN.
std::vector<quant::Site*> sites_of(Stepper& stepper) {
  std::vector<quant::Site*> all;
  for (quant::Site& site : stepper.model().sites()) all.push_back(&site);
  for (models::RangeNorm& norm : stepper.model().range_norms()) all.push_back(&norm.site);
  return all;
}

at::Tensor running_ranges(Stepper& stepper) {
  std::vector<float> values;
  for (const quant::Site* site : sites_of(stepper))
    values.insert(values.end(), {site->running_low, site->running_span});
  return torch::tensor(values);
}

void restore_running_ranges(Stepper& stepper, const at::Tensor& ranges) {
  const std::vector<quant::Site*> sites = sites_of(stepper);
  if (ranges.numel() != static_cast<std::int64_t>(2 * sites.size()))
    throw InternalError("a checkpoint has ranges of other layers");
  const float* values = ranges.data_ptr<float>();
  for (quant::Site* site : sites) {
    site->running_low = *values++;
    site->running_span = *values++;
  }
}

[[noreturn]] void fail_to_write(const std::string& file) {
  throw DamagedFile(file, fmt::format("cannot be written: {}", std::strerror(errno)),
                    "the checkpoint before it, if any, is untouched");
}

[[noreturn]] void fail_to_read(const std::string& file) {
  throw DamagedFile(file, "is not a checkpoint that this program can read", "--force starts anew");
}

/// What a file ends with: these letters and the CRC-32 of all bytes before them. Older versions wrote none; that it
/// must be there is in the archive.
constexpr std::string_view kSumMark = "ldptrain crc32 ";
constexpr const char* kHasSum = "has_sum";

std::string sum_text(uLong sum) { return fmt::format("{}{:08x}", kSumMark, sum); }

struct Contents {
  std::string archive;
  bool has_sum = false;
};

Contents contents_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  Contents contents{{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}};
  std::string& bytes = contents.archive;
  const std::size_t length = sum_text(0).size();
  if (bytes.size() < length || bytes.compare(bytes.size() - length, kSumMark.size(), kSumMark) != 0) return contents;
  const std::string sum = bytes.substr(bytes.size() - length);
  bytes.resize(bytes.size() - length);
  if (sum != sum_text(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()))) fail_to_read(file);
  contents.has_sum = true;
  return contents;
}

/// A new file beside `file`, whose place it takes at the end.
class Replacement {
 public:
  explicit Replacement(const std::string& file)
      : file_(file), beside_(file + ".new"), descriptor_(open(beside_.c_str(), kFlags, 0644)) {
    if (descriptor_ < 0) fail_to_write(beside_);
  }
  ~Replacement() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(beside_.c_str());
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  void write(const char* bytes, std::size_t count) {
    while (count > 0) {
      const ssize_t written = ::write(descriptor_, bytes, count);
      if (written < 0) fail_to_write(beside_);
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }
  void flush() {
    if (fsync(descriptor_) != 0) fail_to_write(beside_);
  }
  void finish() {
    if (close(std::exchange(descriptor_, -1)) != 0 || std::rename(beside_.c_str(), file_.c_str()) != 0)
      fail_to_write(beside_);
  }

 private:
  static constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  std::string file_, beside_;
  int descriptor_;
};

std::string step_file(const std::string& file) { return file + ".step"; }
std::string step_before_file(const std::string& file) { return file + ".step-before"; }

/// Rows as tensors: [rows, 4] numbers and [rows, 3, layers] bits.
void write_rows(torch::serialize::OutputArchive& archive, const std::vector<TraceIteration>& rows) {
  if (rows.empty()) return;
  std::vector<double> numbers;
  std::vector<std::uint8_t> bits;
  for (const TraceIteration& row : rows) {
    numbers.insert(numbers.end(),
                   {static_cast<double>(row.iteration), static_cast<double>(row.epoch), row.loss, row.learning_rate});
    for (const auto* some : {&row.weight_bits, &row.activation_bits, &row.gradient_bits})
      bits.insert(bits.end(), some->begin(), some->end());
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  archive.write("unwritten_numbers", torch::tensor(numbers, at::kDouble).view({count, 4}));
  archive.write("unwritten_bits", torch::tensor(bits, at::kByte).view({count, 3, -1}));
}

std::vector<TraceIteration> read_rows(torch::serialize::InputArchive& archive) {
  at::Tensor numbers, bits;
  if (!archive.try_read("unwritten_numbers", numbers)) return {};
  archive.read("unwritten_bits", bits);
  std::vector<TraceIteration> rows;
  for (std::int64_t i = 0; i < numbers.size(0); ++i) {
    const double* number = numbers[i].data_ptr<double>();
    const auto of = [&](std::int64_t operand) {
      const auto* first = bits[i][operand].data_ptr<std::uint8_t>();
      return std::vector<std::uint8_t>(first, first + bits.size(2));
    };
    rows.push_back({static_cast<std::int64_t>(number[0]), static_cast<std::int64_t>(number[1]), number[2], number[3],
                    of(0), of(1), of(2)});
  }
  return rows;
}

/// A file's contents; nothing is restored yet.
struct Saved {
  TraceMeta run;
  Checkpoint checkpoint;
  at::Tensor method, ranges;
  std::vector<at::Tensor> tensors;
};

Saved read_file(const std::string& file) try {
  const Contents contents = contents_of(file);
  torch::serialize::InputArchive archive;
  archive.load_from(contents.archive.data(), contents.archive.size());
  Saved saved;
  c10::IValue value;
  if (archive.try_read(kHasSum, value) && !contents.has_sum) fail_to_read(file);
  archive.read("run", value);
  saved.run = meta_of(value.toStringRef());
  archive.read("next_iteration", value);
  saved.checkpoint.next_iteration = value.toInt();
  if (archive.try_read("headline", value)) saved.checkpoint.headline = value.toDouble();  // older versions wrote none
  saved.checkpoint.unwritten = read_rows(archive);
  archive.read("method", saved.method);
  archive.read("running_ranges", saved.ranges);
  for (at::Tensor tensor;; tensor = at::Tensor()) {  // read() would write into a tensor that is there already
    if (!archive.try_read(fmt::format("tensor_{}", saved.tensors.size()), tensor, /*is_buffer=*/true)) break;
    saved.tensors.push_back(tensor);
  }
  return saved;
} catch (const c10::Error&) {
  fail_to_read(file);
} catch (const torch::jit::ObjectAttributeError&) {  // something is not in it
  fail_to_read(file);
}

/// The latest of the files. Those that a failing machine left half written do no harm while another is whole.
std::optional<Saved> read_last(const std::string& file) {
  std::optional<Saved> last;
  bool damaged = false;
  for (const std::string& one : checkpoint_files(file)) {
    if (!std::filesystem::exists(one)) continue;
    try {
      Saved saved = read_file(one);
      if (!last || saved.checkpoint.next_iteration > last->checkpoint.next_iteration) last = std::move(saved);
    } catch (const DamagedFile&) {
      damaged = true;
    }
  }
  if (!last && damaged) fail_to_read(file);
  return last;
}

}  // namespace

std::vector<std::string> checkpoint_files(const std::string& file) {
  return {file, step_file(file), step_before_file(file)};
}

void save_checkpoint(const std::string& file, const Checkpoint& checkpoint, const TraceMeta& run, Stepper& stepper,
                     Survives survives) {
  torch::serialize::OutputArchive archive;  // its keys must be identifiers
  archive.write(kHasSum, c10::IValue(true));
  archive.write("run", c10::IValue(text_of(run)));
  archive.write("next_iteration", c10::IValue(checkpoint.next_iteration));
  archive.write("headline", c10::IValue(checkpoint.headline));
  write_rows(archive, checkpoint.unwritten);
  const std::vector<double> state = stepper.method().state();
  archive.write("method", torch::tensor(state, at::kDouble));
  archive.write("running_ranges", running_ranges(stepper));
  const std::vector<at::Tensor> tensors = stepper.changing_tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    archive.write(fmt::format("tensor_{}", i), tensors[i].cpu(), /*is_buffer=*/true);
  const std::string step = step_file(file), before = step_before_file(file);
  const bool lasts = survives == Survives::kPowerFailure;
  Replacement replacement(lasts ? file : step);
  uLong sum = 0;
  archive.save_to([&](const void* bytes, std::size_t count) {
    replacement.write(static_cast<const char*>(bytes), count);
    if (count > 0) sum = crc32_z(sum, static_cast<const Bytef*>(bytes), count);  // of no bytes at nullptr it would be 0
    return count;
  });
  const std::string end = sum_text(sum);
  replacement.write(end.data(), end.size());
  if (!lasts) {
    // No file may replace another: that makes file systems write it to the disk, which one that lives for a step is
    // not worth. Killed in between, the step before is there.
    if (std::filesystem::exists(step)) {
      std::remove(before.c_str());
      std::rename(step.c_str(), before.c_str());
    }
    return replacement.finish();
  }
  replacement.flush();
  replacement.finish();
  std::remove(step.c_str());
  std::remove(before.c_str());
}

std::optional<Checkpoint> load_checkpoint(const std::string& file, const RunIdentity& run, Stepper& stepper) {
  const std::optional<Saved> saved = read_last(file);
  if (!saved) return std::nullopt;
  check_same_run(file, run, saved->run);
  const std::vector<at::Tensor> tensors = stepper.changing_tensors();
  if (saved->tensors.size() != tensors.size()) fail_to_read(file);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (saved->tensors[i].sizes() != tensors[i].sizes()) fail_to_read(file);
    tensors[i].copy_(saved->tensors[i]);
  }
  const at::Tensor& method = saved->method;
  stepper.method().restore({method.data_ptr<double>(), static_cast<std::size_t>(method.numel())});
  restore_running_ranges(stepper, saved->ranges);
  return saved->checkpoint;
}

void check_same_run(const std::string& file, const RunIdentity& run, const TraceMeta& found) {
  const auto value_in = [](const TraceMeta& meta, const std::string& key, const std::string& otherwise) {
    const auto entry = meta.find(key);
    return entry == meta.end() ? otherwise : entry->second;
  };
  for (const auto& [key, value] : run.meta) {
    const std::string had = value_in(found, key, value_in(run.usual, key, "nothing"));
    if (had != value) {
      throw UserError(file, fmt::format("belongs to a run with {} = '{}', not '{}'", key, had, value),
                      "--resume needs the arguments of the first start; --force starts anew");
    }
  }
}

}  // namespace ldpsim::train
