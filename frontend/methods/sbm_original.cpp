// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/method.hpp"

namespace ldpsim::methods {
namespace {

/// "Scalable methods for 8-bit training of neural networks" (Banner et al., NeurIPS 2018) as its authors' code has it:
/// every convolution and linear layer is quantised, weights per tensor, activations between the mean extremes of the
/// samples; Range BN; the gradients of weights come from gradients that are not quantised. Running values move fast,
/// nine tenths of the way in each step. That code means to round activations to the nearest code, but passes the number
/// of chunks where its quantiser expects whether to round stochastically.
quant::Scheme scheme_of(const MethodSettings& settings, const cli::Arguments& arguments) {
  quant::Scheme scheme;
  scheme.mean_range = true;
  scheme.stochastic_activations = arguments.choice("activation-rounding", {"stochastic", "nearest"}) == "stochastic";
  scheme.kept = 0.1f;
  scheme.taken = 0.9f;
  scheme.bifurcated = true;
  scheme.weight_per_channel = false;
  scheme.everything = true;
  scheme.closed_blocks = arguments.choice("blocks", {"closed", "open"}) == "closed";
  scheme.norm_bits = settings.max_bits;
  scheme.norm_gradient_bits = settings.gradient_bits;
  return scheme;
}

/// The rate drops where He et al. 2016 drop it, which the networks' recipes have (epochs 81 and 122 of 164 for CIFAR,
/// 30, 60 and 90 for ImageNet). Only kernels and matrices decay, and none after the second drop.
void publish(models::Recipe& recipe, const cli::Arguments& arguments) {
  if (arguments.choice("regime", {"published", "network"}) == "network") return;
  recipe.decay_vectors = false;
  if (recipe.drops.size() > 1) recipe.decay_until = recipe.drops[1];
}

}  // namespace

MethodEntry sbm_original_method() {
  using cli::OptionSpec;
  MethodEntry entry;
  entry.name = "sbm-original";
  entry.summary = "constant precision with Range BN and bifurcated gradients (SBM, NeurIPS 2018); ResNets only";
  entry.options = {
      OptionSpec{"activation-rounding", "stochastic|nearest", "stochastic",
                 "sbm-original: as its published code does, or as that code means to"},
      OptionSpec{"blocks", "closed|open", "closed",
                 "sbm-original: the last normalisation of a block starts at 0, as in its published code, or at 1"},
      OptionSpec{"regime", "published|network", "published",
                 "sbm-original: weight decay on kernels alone, none after the second drop of the rate; or as the "
                 "network was published"},
  };
  entry.make = [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
    const Precision precision{settings.max_bits, settings.max_bits, settings.gradient_bits};
    return std::make_unique<Constant>(*settings.network, precision);
  };
  entry.scheme = scheme_of;
  entry.regime = publish;
  return entry;
}

}  // namespace ldpsim::methods
