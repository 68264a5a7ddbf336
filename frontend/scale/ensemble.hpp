// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ldpsim::scale {

/// The processes that train one network together, each on its part of every batch. All of them call the same functions
/// in the same order. This one is the ensemble of a single process.
class Ensemble {
 public:
  virtual ~Ensemble() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  /// Element by element over all processes, in place; every process ends with the same bits. Throws UserError if
  /// another process is gone.
  virtual void sum(at::Tensor& /*values*/) {}
  virtual void largest(at::Tensor& /*values*/) {}
  /// When all is done: none may leave while another still receives from it.
  virtual void part() noexcept {}

  bool alone() const { return size() == 1; }
};

/// That of this process.
Ensemble& ensemble();
void join(std::unique_ptr<Ensemble> ensemble);

/// The texts of all processes, by rank; none holds a character 0.
std::vector<std::string> gathered(const std::string& text);

/// How the processes find each other.
struct Meeting {
  int rank = 0, size = 1;
  std::string host = "127.0.0.1";  ///< where rank 0 listens, or the launcher
  int port = 29500;
  std::chrono::seconds timeout{300};  ///< until all are there
  /// Where the keys of this start are in a store that the launcher holds (torchrun's agent does); empty: rank 0 holds
  /// one.
  std::string launcher_prefix{};
  bool quiet = false;  ///< says nothing on stderr while it waits
};

/// Waits until all processes are there and connects them with LibTorch's Gloo. Throws UserError if that fails, or if
/// they number each other differently.
std::unique_ptr<Ensemble> gloo_ensemble(const Meeting& meeting);

}  // namespace ldpsim::scale
