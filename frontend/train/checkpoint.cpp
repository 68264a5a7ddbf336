// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/checkpoint.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/object.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

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

/// One setting a line; none holds a line break.
std::string text_of(const TraceMeta& meta) {
  std::string text;
  for (const auto& [key, value] : meta) text += key + '=' + value + '\n';
  return text;
}

TraceMeta meta_of(const std::string& text) {
  TraceMeta meta;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = text.substr(at, end - at);
    meta[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
  }
  return meta;
}

[[noreturn]] void fail_to_write(const std::string& file) {
  throw DamagedFile(file, fmt::format("cannot be written: {}", std::strerror(errno)),
                    "the checkpoint before it, if any, is untouched");
}

[[noreturn]] void fail_to_read(const std::string& file) {
  throw DamagedFile(file, "is not a checkpoint that this program can read", "--force starts anew");
}

/// Writes beside `file`, flushes to the disk, and renames.
void replace_file(const std::string& file, const std::string& contents) {
  const std::string beside = file + ".new";
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail_to_write(beside);
  for (std::size_t done = 0; done < contents.size();) {
    const ssize_t written = write(descriptor, contents.data() + done, contents.size() - done);
    if (written < 0) {
      const int reason = errno;
      close(descriptor);
      unlink(beside.c_str());
      errno = reason;
      fail_to_write(beside);
    }
    done += static_cast<std::size_t>(written);
  }
  if (fsync(descriptor) != 0 || close(descriptor) != 0 || std::rename(beside.c_str(), file.c_str()) != 0)
    fail_to_write(beside);
}

}  // namespace

void save_checkpoint(const std::string& file, const Checkpoint& checkpoint, const TraceMeta& run, Stepper& stepper) {
  torch::serialize::OutputArchive archive;  // its keys must be identifiers
  archive.write("run", c10::IValue(text_of(run)));
  archive.write("next_iteration", c10::IValue(checkpoint.next_iteration));
  archive.write("headline", c10::IValue(checkpoint.headline));
  const std::vector<double> state = stepper.method().state();
  archive.write("method", torch::tensor(state, at::kDouble));
  archive.write("running_ranges", running_ranges(stepper));
  const std::vector<at::Tensor> tensors = stepper.changing_tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    archive.write(fmt::format("tensor_{}", i), tensors[i].cpu(), /*is_buffer=*/true);
  std::string contents;
  archive.save_to([&contents](const void* bytes, std::size_t count) {
    contents.append(static_cast<const char*>(bytes), count);
    return count;
  });
  replace_file(file, contents);
}

std::optional<Checkpoint> load_checkpoint(const std::string& file, const RunIdentity& run, Stepper& stepper) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file);
    c10::IValue value;
    archive.read("run", value);
    check_same_run(file, run, meta_of(value.toStringRef()));
    Checkpoint checkpoint;
    archive.read("next_iteration", value);
    checkpoint.next_iteration = value.toInt();
    if (archive.try_read("headline", value)) checkpoint.headline = value.toDouble();  // older versions wrote none
    at::Tensor method, ranges;  // read() would write into a tensor that is there already
    archive.read("method", method);
    stepper.method().restore({method.data_ptr<double>(), static_cast<std::size_t>(method.numel())});
    archive.read("running_ranges", ranges);
    restore_running_ranges(stepper, ranges);
    const std::vector<at::Tensor> tensors = stepper.changing_tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      at::Tensor saved;
      archive.read(fmt::format("tensor_{}", i), saved, /*is_buffer=*/true);
      tensors[i].copy_(saved);
    }
    return checkpoint;
  } catch (const c10::Error&) {
    fail_to_read(file);
  } catch (const torch::jit::ObjectAttributeError&) {  // something is not in it
    fail_to_read(file);
  }
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
