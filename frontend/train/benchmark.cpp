// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "frontend/train/device.hpp"
#include "frontend/train/stepper.hpp"
#include "frontend/train/trainer.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

/// Random samples as the network was published.
tasks::Batch random_samples(const Settings& settings) {
  const models::ModelEntry& network = model_entry(settings.network);
  return tasks::random_batch(network.task, network.published, settings.batch);
}

double seconds_of_step(Stepper& stepper, const tasks::Batch& sample, std::int64_t iteration) {
  const auto start = std::chrono::steady_clock::now();
  stepper.step(sample, iteration, {});
  wait_for(stepper.device());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Peak {
  double before_mib = 0, mib = 0;  ///< resident, before the first step and at most
};

double peak_mib_of_this_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Peak memory of a process of its own that takes a few steps.
Peak peak_of(const Settings& settings, const cli::Arguments& arguments) {
  int ends[2];
  if (pipe(ends) != 0) throw InternalError("no pipe");
  const pid_t child = fork();
  if (child < 0) throw InternalError("no process to measure memory in");
  if (child == 0) {
    prepare_process(settings);
    Peak peak;
    peak.before_mib = peak_mib_of_this_process();
    Stepper stepper(settings, arguments, model_entry(settings.network).published);
    const tasks::Batch sample = random_samples(settings);
    for (std::int64_t i = 0; i < 4; ++i) seconds_of_step(stepper, sample, i);
    peak.mib = peak_mib_of_this_process();
    const bool sent = write(ends[1], &peak, sizeof peak) == sizeof peak;
    _exit(sent ? 0 : 1);
  }
  close(ends[1]);
  Peak peak;
  const bool received = read(ends[0], &peak, sizeof peak) == sizeof peak;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!received) throw InternalError("the process that measures memory failed");
  return peak;
}

}  // namespace

void prepare_process(const Settings& settings) {
  const int threads = settings.threads;
  prepare_device(settings.device);
  conv::use_kernel(settings.convolution);
  // Tensors of a few megabytes come and go all the time: with the defaults of the C library each would be fresh, zeroed
  // pages.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(threads);
  // The BLAS behind LibTorch is whatever the system provides; OpenBLAS keeps threads of its own.
  using SetThreads = void (*)(int);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<SetThreads>(symbol)(threads);
}

void benchmark(const Settings& settings, const cli::Arguments& arguments) {
  Settings plain = settings;
  plain.method = "fp32";
  const Peak plain_peak = peak_of(plain, arguments), peak = peak_of(settings, arguments);

  prepare_process(settings);
  const models::Extent extent = model_entry(settings.network).published;
  Stepper plain_stepper(plain, arguments, extent), stepper(settings, arguments, extent);
  const tasks::Batch sample = random_samples(settings);
  constexpr std::int64_t kWarmUp = 3;
  std::vector<double> plain_seconds, seconds, ratios;
  for (std::int64_t i = 0; i < settings.benchmark_steps + kWarmUp; ++i) {
    const double plain_time = seconds_of_step(plain_stepper, sample, i), time = seconds_of_step(stepper, sample, i);
    if (i < kWarmUp) continue;
    plain_seconds.push_back(plain_time);
    seconds.push_back(time);
    ratios.push_back(time / plain_time);
  }
  fmt::print("network {}, batch {}, {} threads, median of {} steps in turn\n", settings.network, settings.batch,
             settings.threads, settings.benchmark_steps);
  fmt::print("float step            {:8.1f} ms\n", 1e3 * median(plain_seconds));
  fmt::print("{:<21} {:8.1f} ms\n", settings.method + " step", 1e3 * median(seconds));
  fmt::print("step ratio            {:8.3f}\n", median(ratios));
  fmt::print("float peak memory     {:8.1f} MiB ({:.1f} above the start)\n", plain_peak.mib,
             plain_peak.mib - plain_peak.before_mib);
  fmt::print("{:<21} {:8.1f} MiB ({:.1f} above the start)\n", settings.method + " peak memory", peak.mib,
             peak.mib - peak.before_mib);
  fmt::print("memory ratio          {:8.3f} ({:.3f} above the start)\n", peak.mib / plain_peak.mib,
             (peak.mib - peak.before_mib) / (plain_peak.mib - plain_peak.before_mib));
}

}  // namespace ldpsim::train
