// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/contradictions.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/core/yaml_document.hpp"
#include "sim/ledger/published_entry.hpp"
#include "sim/ledger/quantity.hpp"

namespace ldpsim {
namespace {

using Selectors = std::map<std::string, std::string>;

const std::vector<std::string> kNames{"rows", "improvements", "gains", "pairs", "quoted"};

const std::map<std::string, std::string PublishedEntry::*>& text_fields() {
  static const std::map<std::string, std::string PublishedEntry::*> kFields{
      {"table", &PublishedEntry::table},   {"network", &PublishedEntry::network},
      {"family", &PublishedEntry::family}, {"dataset", &PublishedEntry::dataset},
      {"method", &PublishedEntry::method}, {"precision", &PublishedEntry::precision}};
  return kFields;
}

/// What a field is called in the cells of a row, or of a printed difference.
std::string quantity_of(const std::string& field, bool improvement, const std::string& where) {
  const Quantity* quantity = quantity_by(&Quantity::name, field);
  if (quantity != nullptr) return std::string(improvement ? quantity->difference : quantity->cell);
  std::vector<std::string> fields;
  for (const Quantity& one : kQuantities) fields.emplace_back(one.name);
  throw UserError(where, "unknown field '" + field + "'", allowed_hint(field, fields));
}

bool selected(const PublishedEntry& entry, const Selectors& selectors, const std::string& where) {
  for (const auto& [key, value] : selectors) {
    if (key == "source" || key == "baseline") continue;
    const auto field = text_fields().find(key);
    if (field == text_fields().end()) {
      throw UserError(where, "unknown selector '" + key + "'",
                      "allowed: source, table, network, family, dataset, method, precision, baseline");
    }
    if (entry.*field->second != value) return false;
  }
  return true;
}

std::optional<double> number_of(const PublishedEntry& entry, const std::string& field, const std::string& where) {
  if (field == "macs") return entry.units.macs;
  if (field == "ours_ratio") return entry.training_ratio;
  if (field == "static_training") return entry.static_training;
  if (field == "static_inference") return entry.static_inference;
  return entry.cell(quantity_of(field, entry.is_improvement(), where));
}

/// The figures that claims refer to.
class Figures {
 public:
  Figures(const YamlDocument& document, std::string published_folder, std::string networks_folder)
      : document_(document),
        published_folder_(std::move(published_folder)),
        networks_folder_(std::move(networks_folder)),
        of_(document.need<std::string>(document.root(), "of")) {}

  Evaluated refer(const std::string& name, const Selectors& selectors, const std::string& field,
                  const std::string& where) {
    if (name == "quoted") return as_it_is(quoted(selectors, where));
    const auto source = selectors.find("source");
    const std::vector<PublishedEntry>& entries = file(source == selectors.end() ? of_ : source->second);
    const bool differences = name == "gains" || name == "pairs";
    return differences ? difference_list(name, entries, selectors, field, where)
                       : as_it_is(cell_list(name == "improvements", entries, selectors, field, where));
  }

 private:
  const std::vector<PublishedEntry>& file(const std::string& name) {
    const auto found = files_.find(name);
    if (found != files_.end()) return found->second;
    return files_[name] = read_published(published_folder_ + "/" + name + ".yaml", networks_folder_);
  }

  static Evaluated as_it_is(const CellValue& value) { return {value, value.text()}; }

  CellValue quoted(const Selectors& selectors, const std::string& where) const {
    const auto word = selectors.find("");
    const YAML::Node all = document_.root()["quoted"],
                     node = all ? all[word == selectors.end() ? "" : word->second] : all;
    if (!node) throw UserError(where, "there is no such figure under 'quoted'");
    return {{document_.need<double>(node, "value")}, {}};
  }

  static CellValue cell_list(bool improvements, const std::vector<PublishedEntry>& entries, const Selectors& selectors,
                             const std::string& field, const std::string& where) {
    CellValue value;
    const auto text = text_fields().find(field);
    for (const PublishedEntry& entry : entries) {
      if (entry.is_improvement() != improvements || entry.alternative || !selected(entry, selectors, where)) continue;
      if (text != text_fields().end()) {
        value.texts.push_back(entry.*text->second);
      } else if (const auto number = number_of(entry, field, where)) {
        value.numbers.push_back(*number);
      }
    }
    return value;
  }

  static Evaluated difference_list(const std::string& name, const std::vector<PublishedEntry>& entries,
                                   const Selectors& selectors, const std::string& field, const std::string& where) {
    const std::string quantity = quantity_of(field, false, where);
    const auto baseline = selectors.find("baseline");
    Evaluated result;
    std::vector<std::string> terms;
    for (const PublishedGain& gain : name == "gains" ? gains_over_best(entries) : gains_over_each(entries)) {
      if (!selected(*gain.ldp, selectors, where)) continue;
      if (baseline != selectors.end() && gain.baseline->method != baseline->second) continue;
      const auto number = gain.of(quantity);
      if (!number) continue;
      result.value.numbers.push_back(*number);
      const double ours = *gain.ldp->cell(quantity), theirs = *gain.baseline->cell(quantity);
      terms.push_back(PublishedGain::is_relative(quantity) ? fmt::format("100 * ({:.6g} / {:.6g} - 1)", ours, theirs)
                                                           : fmt::format("{:.6g} - {:.6g}", ours, theirs));
    }
    const std::string all = fmt::format("{}", fmt::join(terms, ", "));
    result.arithmetic = terms.size() == 1 ? "(" + all + ")" : "[" + all + "]";
    return result;
  }

  const YamlDocument& document_;
  std::string published_folder_, networks_folder_, of_;
  std::map<std::string, std::vector<PublishedEntry>> files_;
};

/// A number as printed, an expression over the cells, or a text.
CellValue claimed_value(const YamlDocument& document, const YAML::Node& node, const std::string& key,
                        const References& references, const std::string& where) {
  const auto text = document.need<std::string>(node, key);
  const bool expression = text.find('(') != std::string::npos || text.find('^') != std::string::npos ||
                          text.find(" / ") != std::string::npos;
  if (expression) return evaluate(text, kNames, references, where).value;
  try {
    return {{node[key].as<double>()}, {}};
  } catch (const YAML::Exception&) {
    return {{}, {text}};
  }
}

bool agree(const ClaimCheck& check, const std::string& where) {
  if (check.claimed.is_text() || check.computed.is_text()) return check.claimed.texts == check.computed.texts;
  if (check.claimed.numbers.size() != 1 || check.computed.numbers.size() != 1)
    throw UserError(where, "claimed is " + check.claimed.text() + ", computed " + check.computed.text(),
                    "each must be one number or one text");
  const double difference = check.computed.numbers.front() - check.claimed.numbers.front();
  // room for the rounding of binary fractions: 0.33 - 0.325 is not quite 0.005
  const double room = check.within + 1e-9 * std::fabs(check.claimed.numbers.front());
  if (check.relation == "at_least") return difference >= -room;
  if (check.relation == "at_most") return difference <= room;
  if (check.relation == "equal") return std::fabs(difference) <= room;
  throw UserError(where, "unknown relation '" + check.relation + "'", "allowed: equal, at_least, at_most");
}

ClaimCheck check_of(const YamlDocument& document, const YAML::Node& node, const References& references) {
  const std::string where = document.where(node);
  ClaimCheck check;
  check.where = document.need<std::string>(node, "where");
  check.says = document.need<std::string>(node, "says");
  check.relation = document.get<std::string>(node, "relation", "equal");
  check.claimed = claimed_value(document, node, "claimed", references, where);
  if (node["within"]) {
    const CellValue within = claimed_value(document, node, "within", references, where);
    if (within.numbers.size() != 1) throw UserError(where, "'within' is not one number");
    check.within = within.numbers.front();
  }
  Evaluated evaluated = evaluate(document.need<std::string>(node, "from"), kNames, references, where);
  check.computed = std::move(evaluated.value);
  check.arithmetic = std::move(evaluated.arithmetic);
  check.agrees = agree(check, where);
  return check;
}

}  // namespace

std::vector<ClaimCheck> check_claims(const std::string& file, const std::string& published_folder,
                                     const std::string& networks_folder) {
  const YamlDocument document(file);
  Figures figures(document, published_folder, networks_folder);
  const References references = [&figures](const std::string& name, const Selectors& selectors,
                                           const std::string& field, const std::string& where) {
    return figures.refer(name, selectors, field, where);
  };
  std::vector<ClaimCheck> checks;
  int item = 0;
  for (const YAML::Node& node : document.root()["contradictions"]) {
    ++item;
    for (const YAML::Node& each : node["checks"]) {
      checks.push_back(check_of(document, each, references));
      checks.back().item = item;
      checks.back().title = document.need<std::string>(node, "title");
    }
  }
  return checks;
}

}  // namespace ldpsim
