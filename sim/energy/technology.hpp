// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

namespace ldpsim {

/// A process and its supply.
struct Technology {
  double nm = 0;       ///< 0: not known
  double voltage = 0;  ///< V
  bool operator==(const Technology&) const = default;
};
/// "45 nm, 0.9 V"
std::string text_of(const Technology& technology);

/// The rule by which figures of one process are compared with those of another (Stillmaker and Baas 2017), with its
/// coefficients out of a YAML file. Between the nodes of the file it interpolates; outside of them, see check().
class TechnologyScaling {
 public:
  /// That of arch_configs/technology/scaling.yaml, read once.
  static const TechnologyScaling& instance();
  explicit TechnologyScaling(const std::string& file);

  const std::string& name() const { return name_; }
  /// Throws UserError at `where` for a node outside of the file, which the functions below must not be asked for.
  void check(double nm, const std::string& where) const;
  double nominal_voltage(double nm) const;
  /// Multiplies an energy at `from`.
  double energy_factor(const Technology& from, const Technology& to) const;
  /// Multiplies a delay at `from`.
  double delay_factor(const Technology& from, const Technology& to) const;
  /// Multiplies an area at node `from_nm`.
  double area_factor(double from_nm, double to_nm) const;
  /// " (28 nm between 32 and 20 nm)" if the node is interpolated, else "".
  std::string interpolation_text(double nm) const;

 private:
  struct Node {
    double nm = 0, voltage = 0;
    std::array<double, 3> energy{};  ///< a, b, c of a V^2 + b V + c
    std::array<double, 4> delay{};   ///< p, q, r, s of p V^3 + q V^2 + r V + s
  };
  /// Two neighbours and the share of the smaller one.
  struct Position {
    std::size_t larger = 0, smaller = 0;
    double share = 0;
  };
  Position position(double nm) const;
  template <typename Figure>
  double interpolated(double nm, Figure figure) const;
  double area_from(std::size_t node, double to_nm) const;

  std::string name_;
  std::vector<Node> nodes_;  ///< from the largest to the smallest
  std::vector<std::vector<double>> area_;
};

}  // namespace ldpsim
