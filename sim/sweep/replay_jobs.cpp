// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/replay_jobs.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sim/replay/columns.hpp"
#include "sim/replay/gap.hpp"
#include "sim/results/table_bytes.hpp"
#include "sim/sweep/worker_pool.hpp"

namespace ldpsim {
namespace {

ReplayTables replay_one(Accelerator& accelerator, const ReplayTask& task, const std::vector<Pass>& passes,
                        const ReplayOptions& options) {
  const Machine machine(task.arch);
  const ReplayRun& run = *task.run;
  Pricing pricing(accelerator, machine, options.memo, run.values.get(), run.activity);
  const ReplayCosts costs = replay(pricing, run, passes);
  std::vector<std::string> notes = value_notes(machine, run);
  for (std::string& note : machine_notes(machine)) notes.push_back(std::move(note));
  Table table = replay_table(machine, run, costs, options.detail);
  for (std::string& note : unpriced_notes(machine, table)) notes.push_back(std::move(note));
  return {std::move(table), saving_table(machine, run, costs),
          options.gap ? gap_table(accelerator, pricing, run, costs) : Table({}), std::move(notes)};
}

std::string bytes_of(const ReplayTables& tables) {
  nlohmann::json parts{{"notes", tables.notes}};
  const auto binary = [](const Table& table) {
    const std::string bytes = table_to_bytes(table);
    return nlohmann::json::binary({bytes.begin(), bytes.end()});
  };
  parts["costs"] = binary(tables.costs);
  parts["savings"] = binary(tables.savings);
  parts["gap"] = binary(tables.gap);
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(parts);
  return {bytes.begin(), bytes.end()};
}

ReplayTables tables_of(const std::string& bytes) {
  const nlohmann::json parts = nlohmann::json::from_cbor(bytes);
  const auto table = [&](const char* name) {
    const auto& binary = parts.at(name).get_binary();
    return table_from_bytes({binary.begin(), binary.end()});
  };
  return {table("costs"), table("savings"), table("gap"), parts.at("notes").get<std::vector<std::string>>()};
}

}  // namespace

std::optional<std::vector<ReplayTables>> replay_all(const std::vector<ReplayTask>& tasks,
                                                    const std::vector<Pass>& passes, const ReplayOptions& options) {
  std::vector<ReplayTables> all;
  if (options.jobs == 1 || tasks.size() == 1) {
    Accelerator accelerator;
    for (const ReplayTask& task : tasks) all.push_back(replay_one(accelerator, task, passes, options));
    return all;
  }
  std::vector<std::size_t> numbers(tasks.size());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  std::vector<std::string> answers(tasks.size());
  const auto make_work = [&] {
    auto accelerator = std::make_shared<Accelerator>();
    return [&, accelerator](std::size_t i) { return bytes_of(replay_one(*accelerator, tasks[i], passes, options)); };
  };
  if (!WorkerPool::run(options.jobs, numbers, make_work,
                       [&](std::size_t i, const std::string& answer) { answers[i] = answer; }))
    return std::nullopt;
  for (const std::string& answer : answers) all.push_back(tables_of(answer));
  return all;
}

}  // namespace ldpsim
