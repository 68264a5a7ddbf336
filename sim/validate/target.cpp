// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/core/suggest.hpp"
#include "sim/core/yaml_document.hpp"

namespace ldpsim {
namespace {

const std::vector<std::string> kConfidences{"found", "memory", "derived"};

template <class Number>
Number parsed(const Target& target, const std::string& key, const char* what) {
  const std::string& text = target.text(key);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw UserError(target.where, fmt::format("'{}' is '{}'", key, text), std::string("expected ") + what);
  return number;
}

/// The keys of a target by name: its own, else those of the file.
class Keys {
 public:
  Keys(const YamlDocument& document, const YAML::Node& common, const YAML::Node& own)
      : document_(document), common_(common), own_(own) {}
  template <class T>
  T need(const std::string& key) const {
    return document_.need<T>(own_[key] || !common_[key] ? own_ : common_, key);
  }
  template <class T>
  T get(const std::string& key, T otherwise) const {
    return own_[key] || common_[key] ? need<T>(key) : otherwise;
  }
  YAML::Node node(const std::string& key) const { return own_[key] ? own_[key] : common_[key]; }

 private:
  const YamlDocument& document_;
  const YAML::Node &common_, &own_;
};

void read_tolerance(Target& target, const std::string& text) {
  if (text == "exact") return;
  const std::size_t blank = text.find(' ');
  const std::string unit = blank == std::string::npos ? "" : text.substr(blank + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + std::min(blank, text.size()), target.tolerance);
  target.tolerance_is_relative = unit == "%";
  if (error != std::errc() || end != text.data() + blank || target.tolerance < 0 || (unit != "%" && unit != "point"))
    throw UserError(target.where, "'tolerance' is '" + text + "'", "allowed: exact, e.g. '1 %', e.g. '0.5 point'");
}

void read_expected(Target& target, const YAML::Node& expected) {
  try {
    target.least = expected.IsSequence() ? expected[0].as<double>() : expected.as<double>();
    target.most = expected.IsSequence() ? expected[1].as<double>() : target.least;
  } catch (const YAML::Exception&) {
    throw UserError(target.where, "'expected' is no number", "allowed: a number, [least, most]");
  }
  if (target.least > target.most) throw UserError(target.where, "'expected' is an empty range");
}

void read_parameters(Target& target, const YAML::Node& map) {
  for (const auto& item : map) {
    if (item.second.IsScalar()) target.parameters.try_emplace(item.first.Scalar(), item.second.Scalar());
  }
}

Target read_target(const YamlDocument& document, const std::string& check, const YAML::Node& common,
                   const YAML::Node& own) {
  const Keys keys(document, common, own);
  Target target;
  target.check = check;
  target.where = document.where(own);
  target.quantity = keys.need<std::string>("quantity");
  target.machine = keys.need<std::string>("machine");
  target.workload = keys.need<std::string>("workload");
  target.unit = keys.get<std::string>("unit", "");
  target.source = keys.need<std::string>("source");
  target.remark = keys.get<std::string>("remark", "");
  target.confidence = keys.need<std::string>("confidence");
  if (std::find(kConfidences.begin(), kConfidences.end(), target.confidence) == kConfidences.end())
    throw UserError(target.where, "'confidence' is '" + target.confidence + "'",
                    allowed_hint(target.confidence, kConfidences));
  target.calibrated = keys.get<std::vector<std::string>>("calibrated", {});
  static_cast<void>(keys.need<YAML::Node>("expected"));
  read_expected(target, keys.node("expected"));
  read_tolerance(target, keys.need<std::string>("tolerance"));
  read_parameters(target, own);
  read_parameters(target, common);
  return target;
}

}  // namespace

const std::string& Target::text(const std::string& key) const {
  const auto found = parameters.find(key);
  if (found == parameters.end()) throw UserError(where, "key '" + key + "' is missing", "check " + check + " reads it");
  return found->second;
}

double Target::real(const std::string& key) const { return parsed<double>(*this, key, "a number"); }

std::int64_t Target::integer(const std::string& key) const { return parsed<std::int64_t>(*this, key, "an integer"); }

std::vector<Target> read_targets(const std::string& check, const std::string& file) {
  const YamlDocument document(file);
  const YAML::Node& root = document.root();
  if (!root["targets"] || !root["targets"].IsSequence())
    throw UserError(file, "there is no list 'targets'", "expected a file of published figures");
  std::vector<Target> targets;
  for (const YAML::Node& own : root["targets"]) targets.push_back(read_target(document, check, root, own));
  return targets;
}

}  // namespace ldpsim
