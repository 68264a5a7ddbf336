// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

/// Progressive fractional quantisation (Fu et al., "FracTrain", NeurIPS 2020, sec. 3.1): a list of stages of ever
/// higher precision, all layers alike; the next one begins where the training loss has levelled off.
///
/// Every `every` iterations the losses since the last time are summed and divided by the iterations of an epoch: L. A
/// normaliser S is the mean of the first ten L. Once five L are at hand and all of the first four lie within
/// threshold * S of the last, a turning point has come: the next stage begins with the next iteration, the five are
/// forgotten, and at the first two turning points the threshold shrinks by the factor `decay`. A test after the
/// iteration of a turning point still runs at that iteration's bits.
class Pfq final : public Method {
 public:
  struct Settings {
    std::vector<int> bits{3, 4, 6, 8};
    std::vector<int> gradient_bits{8, 8, 8, 8};  ///< as many
    std::int64_t every = 400;
    double threshold = 0.05, decay = 0.3;
  };
  Pfq(const MethodSettings& common, Settings settings);

  std::vector<Precision> precision(std::int64_t iteration) const override;
  void after_step(std::int64_t iteration, double loss) override;
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;
  std::size_t stage() const { return stage_; }

 private:
  void look_for_turning_point(std::int64_t iteration, double mean_loss);

  MethodSettings common_;
  Settings settings_;
  std::size_t stage_ = 0;
  std::int64_t turned_at_ = -1;  ///< last iteration of the stage before; -1: not known, or none
  double sum_ = 0;               ///< of losses since the last look
  double normaliser_ = 0;        ///< S
  std::int64_t looks_ = 0;
  double threshold_;
  std::deque<double> window_;
};

}  // namespace ldpsim::methods
