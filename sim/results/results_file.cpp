// SPDX-License-Identifier: Apache-2.0
#include "sim/results/results_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/core/database.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim {
namespace {

constexpr int kFormatVersion = 1;

FileKind results_kind() {
  return {"results file", "free some space and run the command again: it does only what is missing", 0x4C445052,
          "ldpsim simulate, replay or sweep"};
}

const char* const kSchema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE point(key TEXT PRIMARY KEY, kind TEXT NOT NULL, ordinal INTEGER NOT NULL, label TEXT NOT NULL, config TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE result(key TEXT PRIMARY KEY, kind TEXT NOT NULL, rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE note(key TEXT NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(key, position)) WITHOUT ROWID;
CREATE TABLE result_column(kind TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(kind, position)) WITHOUT ROWID;
)";

void require_results(const Database& database) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> tables{
      {"meta", {"key", "value"}},
      {"point", {"key", "kind", "ordinal", "label", "config"}},
      {"result", {"key", "kind", "rows"}},
      {"note", {"key", "position", "text"}},
      {"result_column", {"kind", "position", "name"}}};
  for (const auto& [table, columns] : tables) database.require(table, columns);
  Statement version = database.prepare("SELECT value FROM meta WHERE key='format_version'");
  if (!version.step()) database.foreign("its table 'meta' has no 'format_version'");
  if (const std::string text = version.text(0); text != std::to_string(kFormatVersion)) {
    throw DamagedFile(
        database.file(),
        fmt::format("the results file has format version '{}', this program reads version {}", text, kFormatVersion),
        "use the ldpsim that wrote it or a newer one");
  }
}

void check_kind(const std::string& kind) {
  static const std::set<std::string> kOurs{"meta", "point", "result", "note", "result_column"};
  const bool fine = !kind.empty() && kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos &&
                    kOurs.count(kind) == 0;
  if (!fine) throw InternalError(fmt::format("'{}' cannot be a kind of results", kind));
}

void bind_cell(Statement& statement, int at, const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) {
    statement.bind(at, *count);
  } else if (const auto* real = std::get_if<double>(&cell)) {
    statement.bind(at, *real);
  } else if (const auto* text = std::get_if<std::string>(&cell)) {
    statement.bind(at, *text);
  } else {
    statement.bind_null(at);
  }
}

Cell read_cell(const Statement& row, int column) {
  switch (row.type(column)) {
    case Statement::Type::kInteger:
      return row.integer(column);
    case Statement::Type::kReal:
      return row.real(column);
    case Statement::Type::kNull:
      return std::monostate{};
    default:
      return row.text(column);  // a blob is refused there
  }
}

std::string joined(const std::vector<std::string>& columns, const std::string& prefix) {
  std::string list;
  for (const std::string& column : columns) list += (list.empty() ? "" : ",") + prefix + quoted_identifier(column);
  return list;
}

}  // namespace

std::string content_key(const std::map<std::string, std::string>& parts) {
  std::string text = fmt::format("ldpsim {}\n", LDPSIM_VERSION);
  for (const auto& [name, value] : parts)
    text += fmt::format("{}:{}\n{}\n", name, value.size(), value);  // lengths: no two lists look alike
  return sha256_hex(text);
}

struct ResultsFile::Impl {
  Impl(const std::string& file, Database::Mode mode) : database(file, mode, results_kind()) {
    require_results(database);
    // Against a killed process this is as safe as FULL, and a sweep commits a thousand times.
    if (mode == Database::Mode::kWrite) database.execute("PRAGMA synchronous=NORMAL");
  }
  std::vector<std::string> columns_of(const std::string& kind) const;
  void add_columns(const std::string& kind, const std::vector<std::string>& columns);
  void put_point(const std::string& kind, const ResultPoint& point);
  void erase(const std::string& kind, const std::string& key);
  /// Rows and notes of one point, or of all of the kind.
  Table read(const std::string& kind, const std::string* key) const;
  Database database;
};

ResultsFile::ResultsFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResultsFile::ResultsFile(ResultsFile&&) noexcept = default;
ResultsFile& ResultsFile::operator=(ResultsFile&&) noexcept = default;
ResultsFile::~ResultsFile() = default;

ResultsFile ResultsFile::open_or_create(const std::string& file) {
  if (!std::filesystem::exists(file)) {
    try {
      create_whole(file, results_kind(), [](Database& database) {
        database.execute(kSchema);
        database.execute(fmt::format("INSERT INTO meta VALUES('format_version','{}')", kFormatVersion));
      });
    } catch (const UserError&) {
      // Parts of a sweep begin at the same moment: the file of the first is that of all.
      if (!std::filesystem::exists(file)) throw;
    }
  }
  return ResultsFile(std::make_unique<Impl>(file, Database::Mode::kWrite));
}

ResultsFile ResultsFile::open(const std::string& file) {
  return ResultsFile(std::make_unique<Impl>(file, Database::Mode::kRead));
}

const std::string& ResultsFile::file() const { return impl_->database.file(); }

void ResultsFile::plan(const std::string& kind, std::span<const ResultPoint> points) {
  check_kind(kind);
  impl_->database.begin();
  for (const ResultPoint& point : points) impl_->put_point(kind, point);
  impl_->database.commit();
}

void ResultsFile::Impl::put_point(const std::string& kind, const ResultPoint& point) {
  Statement insert = database.prepare("INSERT OR REPLACE INTO point VALUES(?,?,?,?,?)");
  insert.bind(1, point.key).bind(2, kind).bind(3, point.ordinal).bind(4, point.label).bind(5, point.config).run();
}

bool ResultsFile::has(const std::string& key) const {
  Statement query = impl_->database.prepare("SELECT 1 FROM result WHERE key=?");
  return query.bind(1, key).step();
}

std::vector<std::string> ResultsFile::Impl::columns_of(const std::string& kind) const {
  Statement query = database.prepare("SELECT name FROM result_column WHERE kind=? ORDER BY position");
  query.bind(1, kind);
  std::vector<std::string> columns;
  while (query.step()) columns.push_back(query.text(0));
  if (!columns.empty()) {
    std::vector<std::string> needed = columns;
    needed.insert(needed.end(), {"point", "row"});
    database.require(kind, needed);
  }
  return columns;
}

void ResultsFile::Impl::add_columns(const std::string& kind, const std::vector<std::string>& columns) {
  std::vector<std::string> there = columns_of(kind);
  if (there.empty()) {
    database.execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {}(point TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY(point, row)) "
                    "WITHOUT ROWID",
                    quoted_identifier(kind)));
  }
  std::set<std::string> once;
  for (const std::string& column : columns) {
    if (column == "point" || column == "row" || !once.insert(column).second)
      throw InternalError(fmt::format("results cannot have a column '{}' (again)", column));
    if (std::find(there.begin(), there.end(), column) != there.end()) continue;
    // No declared type: a cell comes back as the integer, real or text that it was.
    database.execute(fmt::format("ALTER TABLE {} ADD COLUMN {}", quoted_identifier(kind), quoted_identifier(column)));
    Statement insert = database.prepare("INSERT INTO result_column VALUES(?,?,?)");
    insert.bind(1, kind).bind(2, static_cast<std::int64_t>(there.size())).bind(3, column).run();
    there.push_back(column);
  }
}

void ResultsFile::Impl::erase(const std::string& kind, const std::string& key) {
  for (const std::string& sql :
       {std::string("DELETE FROM result WHERE key=?"), std::string("DELETE FROM note WHERE key=?"),
        fmt::format("DELETE FROM {} WHERE point=?", quoted_identifier(kind))}) {
    Statement statement = database.prepare(sql);
    statement.bind(1, key).run();
  }
}

void ResultsFile::add(const std::string& kind, const ResultPoint& point, const Table& results) {
  check_kind(kind);
  Database& database = impl_->database;
  database.begin();
  try {
    impl_->put_point(kind, point);
    impl_->add_columns(kind, results.columns());
    impl_->erase(kind, point.key);
    std::string marks = "?,?";
    for (std::size_t i = 0; i < results.columns().size(); ++i) marks += ",?";
    Statement insert = database.prepare(fmt::format("INSERT INTO {}(point,row,{}) VALUES({})", quoted_identifier(kind),
                                                    joined(results.columns(), ""), marks));
    for (std::size_t row = 0; row < results.rows().size(); ++row) {
      insert.bind(1, point.key).bind(2, static_cast<std::int64_t>(row));
      for (std::size_t i = 0; i < results.columns().size(); ++i)
        bind_cell(insert, static_cast<int>(i) + 3, results.rows()[row][i]);
      insert.run();
    }
    Statement note = database.prepare("INSERT INTO note VALUES(?,?,?)");
    for (std::size_t i = 0; i < results.notes().size(); ++i)
      note.bind(1, point.key).bind(2, static_cast<std::int64_t>(i)).bind(3, results.notes()[i]).run();
    Statement done = database.prepare("INSERT INTO result VALUES(?,?,?)");
    done.bind(1, point.key).bind(2, kind).bind(3, static_cast<std::int64_t>(results.rows().size())).run();
    database.commit();
  } catch (...) {
    database.rollback();
    throw;
  }
}

std::vector<std::string> ResultsFile::kinds() const {
  Statement query = impl_->database.prepare("SELECT DISTINCT kind FROM result ORDER BY kind");
  std::vector<std::string> kinds;
  while (query.step()) kinds.push_back(query.text(0));
  return kinds;
}

std::vector<ResultPoint> ResultsFile::points(const std::string& kind) const {
  Statement query =
      impl_->database.prepare("SELECT key,ordinal,label,config FROM point WHERE kind=? ORDER BY ordinal,key");
  query.bind(1, kind);
  std::vector<ResultPoint> points;
  while (query.step()) points.push_back({query.text(0), query.integer(1), query.text(2), query.text(3)});
  return points;
}

Table ResultsFile::Impl::read(const std::string& kind, const std::string* key) const {
  const std::vector<std::string> columns = columns_of(kind);
  Table table(columns);
  if (columns.empty()) return table;
  const std::string only = key != nullptr ? " AND p.key=?" : "";
  Statement query = database.prepare(
      fmt::format("SELECT {} FROM {} AS r, point AS p WHERE p.key=r.point{} ORDER BY p.ordinal,p.key,r.row",
                  joined(columns, "r."), quoted_identifier(kind), only));
  if (key != nullptr) query.bind(1, *key);
  while (query.step()) {
    std::vector<Cell> row;
    for (std::size_t i = 0; i < columns.size(); ++i) row.push_back(read_cell(query, static_cast<int>(i)));
    table.add(std::move(row));
  }
  Statement notes = database.prepare("SELECT n.text FROM note AS n, point AS p WHERE p.key=n.key AND p.kind=?" + only +
                                     " ORDER BY p.ordinal,p.key,n.position");
  notes.bind(1, kind);
  if (key != nullptr) notes.bind(2, *key);
  std::set<std::string> once;
  while (notes.step()) {
    if (once.insert(notes.text(0)).second) table.note(notes.text(0));
  }
  return table;
}

Table ResultsFile::table(const std::string& kind) const { return impl_->read(kind, nullptr); }

std::optional<Table> ResultsFile::table_of(const std::string& kind, const std::string& key) const {
  if (!has(key)) return std::nullopt;
  return impl_->read(kind, &key);
}

}  // namespace ldpsim
