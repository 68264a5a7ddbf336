// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace ldpsim {

/// What a file is called in messages, and what to do when the disk fills up while it is written.
struct FileKind {
  std::string name;                 ///< "trace", "results file"
  std::string full_remedy;          ///< "free some space and ..."
  std::int32_t application_id = 0;  ///< of SQLite's header; 0 = none
  std::string writers{};            ///< the commands that write such a file
};

class Statement;

/// An SQLite file. Every failure is a DamagedFile (or UserError for a file that is not there) that names the file and
/// says what is wrong; SQLite's own codes never leave this class.
class Database {
 public:
  enum class Mode {
    kRead,    ///< an existing file; nothing is changed (but a crashed writer's journal is rolled back)
    kWrite,   ///< an existing file
    kCreate,  ///< a file that does not exist
  };
  /// Messages call the file `shown`, if that is not empty.
  Database(std::string file, Mode mode, FileKind kind, const std::string& shown = {});
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();  ///< rolls an open transaction back

  const std::string& file() const { return file_; }  ///< as messages call it
  void execute(const std::string& sql);
  Statement prepare(const std::string& sql) const;
  void begin();   ///< no effect inside a transaction
  void commit();  ///< no effect outside a transaction
  void rollback() noexcept;
  bool has_table(const std::string& table) const;
  std::vector<std::string> columns(const std::string& table) const;
  /// Throws DamagedFile unless `table` is there with (at least) `columns`.
  void require(const std::string& table, std::span<const std::string> columns) const;
  /// Walks every page. Throws DamagedFile with SQLite's first finding.
  void check_integrity() const;
  std::int32_t application_id() const;
  [[noreturn]] void damaged(const std::string& what) const;
  /// Throws DamagedFile: `why` the file is no file of its kind, and which commands write one.
  [[noreturn]] void foreign(const std::string& why) const;

 private:
  friend class Statement;
  [[noreturn]] void fail(int code) const;
  void check_file(const std::string& path, Mode mode) const;
  std::string file_;
  FileKind kind_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement. Parameters count from 1, columns from 0. Must not outlive its Database.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, double value);  ///< NaN is stored as NULL: SQLite knows no NaN
  Statement& bind(int at, std::string_view text);
  Statement& bind(int at, const char* text) { return bind(at, std::string_view(text)); }
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_null(int at);
  bool step();  ///< true: a row is there
  /// Steps a statement without rows to its end, then resets it. False if a uniqueness constraint forbade it.
  bool run();
  void reset();
  /// What the row is called where a cell of it is wrong, "iteration 4"; else it is named by its first column.
  Statement& at(std::string place) {
    place_ = std::move(place);
    return *this;
  }
  // The cell's value; DamagedFile naming row and column if it has another type. Texts and blobs live until the next
  // step().
  std::int64_t integer(int column) const;
  double real(int column) const;  ///< NULL is NaN
  std::string text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;
  enum class Type { kNull, kInteger, kReal, kText, kBlob };
  Type type(int column) const;

 private:
  friend class Database;
  Statement(const Database& database, const std::string& sql);
  void expect(int column, int type, const char* name) const;
  std::string place_of_row() const;
  const Database* database_;
  sqlite3_stmt* handle_ = nullptr;
  std::string place_;
};

/// Makes `file` with what `fill` writes in one transaction. It is made under another name and moved into place, so that
/// a file of this name is always whole; nothing is left behind if `fill` throws. An existing file is a UserError, also
/// one that another process makes meanwhile.
void create_whole(const std::string& file, const FileKind& kind, const std::function<void(Database&)>& fill,
                  const std::string& shown = {});

/// `name` as an SQL identifier.
std::string quoted_identifier(const std::string& name);

}  // namespace ldpsim
