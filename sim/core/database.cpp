// SPDX-License-Identifier: Apache-2.0
#include "sim/core/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "sim/core/error.hpp"
#include "sim/core/file.hpp"

namespace ldpsim {
namespace {

constexpr int kBusyMilliseconds = 30000;
constexpr char kMagic[] = "SQLite format 3";  // 16 bytes with its terminator

int open_flags(Database::Mode mode) {
  // A reader, too, opens for writing where it may: a journal left by a killed writer must be rolled back before
  // anything is read.
  const int create = mode == Database::Mode::kCreate ? SQLITE_OPEN_CREATE : 0;
  return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create;
}

std::string safe_name(const std::string& file) {
  return file.empty() || file[0] == ':' ? "./" + file : file;  // ":memory:" is a file name here
}

}  // namespace

Database::Database(std::string file, Mode mode, FileKind kind, const std::string& shown)
    : file_(shown.empty() ? file : shown), kind_(std::move(kind)) {
  // What is made under another name first is gone if the disk is full.
  if (mode == Mode::kCreate || file_ != file) kind_.full_remedy = "free some space and run the command again";
  check_file(file, mode);
  const int code = sqlite3_open_v2(safe_name(file).c_str(), &handle_, open_flags(mode), nullptr);
  try {
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kBusyMilliseconds);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    execute("PRAGMA cell_size_check=ON");
    if (mode == Mode::kCreate) execute(fmt::format("PRAGMA application_id={}", kind_.application_id));
    if (mode == Mode::kRead) execute("PRAGMA query_only=ON");
    prepare("SELECT count(*) FROM sqlite_master").step();  // SQLite looks at a file only when it must
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::check_file(const std::string& path, Mode mode) const {
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (mode == Mode::kCreate) {
    if (there) throw UserError(file_, "the file exists already", "remove it or choose another name");
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)  // SQLite does not tell why it cannot
      throw DamagedFile(file_, fmt::format("cannot be opened: {}", std::strerror(errno)),
                        "check the folder and its permissions");
    return;
  }
  if (!there && (errno == ENOENT || errno == ENOTDIR))
    throw UserError(file_, "no such file", "expected a " + kind_.name);
  if (!there) throw DamagedFile(file_, fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) throw UserError(file_, "is not a regular file", "expected a " + kind_.name);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw DamagedFile(file_, fmt::format("cannot be read: {}", std::strerror(errno)));
  char head[sizeof kMagic] = {};
  const ssize_t length = ::read(descriptor, head, sizeof head);
  ::close(descriptor);
  if (length == 0) throw DamagedFile(file_, "the file is empty", "expected a " + kind_.name);
  if (length != sizeof head || std::memcmp(head, kMagic, sizeof head) != 0) {
    foreign("it is no SQLite file, or its beginning is damaged");
  }
}

void Database::fail(int code) const {
  const std::string reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  // SQLite keeps errno of some failures only; where it does not, the last call that failed has left it.
  const int left = errno;
  const int kept = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  const int system = kept != 0 ? kept : left;
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw DamagedFile(file_, "the disk is full", kind_.full_remedy);
    case SQLITE_IOERR: {
      const bool out_of_space = system == EFBIG || system == EDQUOT || system == ENOSPC;
      const std::string cause = out_of_space || system == EIO || system == EROFS ? std::strerror(system) : reason;
      if (out_of_space || code == SQLITE_IOERR_WRITE) {
        throw DamagedFile(file_, "cannot be written: " + cause, kind_.full_remedy);
      }
      throw DamagedFile(file_, "cannot be read or written: " + cause);
    }
    case SQLITE_NOTADB:
      foreign("it is no SQLite file, or its beginning is damaged");
    case SQLITE_CORRUPT:
      throw DamagedFile(file_, fmt::format("the {} is damaged or truncated: {}", kind_.name, reason),
                        "'sqlite3 FILE .recover' prints what can still be read");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw DamagedFile(file_, "another process is writing it", "wait for that process or stop it");
    case SQLITE_CANTOPEN:
      throw DamagedFile(file_, "cannot be opened: " + (system != 0 ? std::strerror(system) : reason),
                        "check the folder and its permissions");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw DamagedFile(file_, fmt::format("cannot be written: {}", reason),
                        "check the permissions of the file and its folder");
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    default:
      throw DamagedFile(file_, fmt::format("the {} cannot be used: {}", kind_.name, reason));
  }
}

void Database::damaged(const std::string& what) const { throw DamagedFile(file_, what); }

void Database::foreign(const std::string& why) const {
  throw DamagedFile(file_, fmt::format("not a {}: {}", kind_.name, why),
                    kind_.writers.empty() ? "" : fmt::format("a {} is written by {}", kind_.name, kind_.writers));
}

void Database::execute(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

Statement Database::prepare(const std::string& sql) const { return Statement(*this, sql); }

void Database::begin() {
  if (sqlite3_get_autocommit(handle_) != 0) execute("BEGIN IMMEDIATE");
}

void Database::commit() {
  if (sqlite3_get_autocommit(handle_) == 0) execute("COMMIT");
}

void Database::rollback() noexcept {
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::has_table(const std::string& table) const {
  Statement query = prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?");
  return query.bind(1, table).step();
}

std::vector<std::string> Database::columns(const std::string& table) const {
  Statement query = prepare("SELECT name FROM pragma_table_info(?)");
  query.bind(1, table);
  std::vector<std::string> names;
  while (query.step()) names.push_back(query.text(0));
  return names;
}

void Database::require(const std::string& table, std::span<const std::string> columns) const {
  if (!has_table(table)) foreign(fmt::format("it has no table '{}'", table));
  const std::vector<std::string> there = this->columns(table);
  for (const std::string& column : columns) {
    if (std::find(there.begin(), there.end(), column) == there.end()) {
      foreign(fmt::format("its table '{}' has no column '{}'", table, column));
    }
  }
}

void Database::check_integrity() const {
  Statement query = prepare("PRAGMA integrity_check(1)");
  if (query.step() && query.text(0) != "ok") damaged(fmt::format("the {} is damaged: {}", kind_.name, query.text(0)));
}

std::int32_t Database::application_id() const {
  Statement query = prepare("PRAGMA application_id");
  return query.step() ? static_cast<std::int32_t>(query.integer(0)) : 0;
}

Statement::Statement(const Database& database, const std::string& sql) : database_(&database) {
  const int code = sqlite3_prepare_v3(database.handle_, sql.c_str(), -1, 0, &handle_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)), place_(std::move(other.place_)) {}

Statement::~Statement() { sqlite3_finalize(handle_); }

namespace {

void check_bind(int code) {
  if (code == SQLITE_NOMEM || code == SQLITE_TOOBIG) throw std::bad_alloc();
  if (code != SQLITE_OK) throw InternalError(fmt::format("SQLite refused to bind a value: {}", sqlite3_errstr(code)));
}

}  // namespace

Statement& Statement::bind(int at, std::int64_t value) {
  check_bind(sqlite3_bind_int64(handle_, at, value));
  return *this;
}

Statement& Statement::bind(int at, double value) {
  check_bind(sqlite3_bind_double(handle_, at, value));
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  check_bind(sqlite3_bind_text64(handle_, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  // A null pointer would be stored as NULL, not as an empty blob.
  check_bind(
      sqlite3_bind_blob64(handle_, at, bytes.data() != nullptr ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null(int at) {
  check_bind(sqlite3_bind_null(handle_, at));
  return *this;
}

bool Statement::step() {
  errno = 0;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->fail(code);
  return false;
}

bool Statement::run() {
  errno = 0;
  const int code = sqlite3_step(handle_);
  reset();  // keeps the error's text
  if (code != SQLITE_DONE && code != SQLITE_ROW && (code & 0xff) != SQLITE_CONSTRAINT) database_->fail(code);
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

std::string Statement::place_of_row() const {
  if (!place_.empty()) return place_ + ": ";
  const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(handle_, 0));
  return fmt::format("row with {} {}: ", sqlite3_column_name(handle_, 0), value != nullptr ? value : "NULL");
}

void Statement::expect(int column, int type, const char* name) const {
  constexpr const char* kTypes[] = {"an integer", "a number", "a text", "a blob", "NULL"};  // SQLITE_INTEGER is 1
  const int found = sqlite3_column_type(handle_, column);
  if (found == type) return;
  database_->damaged(fmt::format("{}'{}' is {}; expected {}", place_of_row(), sqlite3_column_name(handle_, column),
                                 kTypes[found - 1], name));
}

std::int64_t Statement::integer(int column) const {
  expect(column, SQLITE_INTEGER, "an integer");
  return sqlite3_column_int64(handle_, column);
}

double Statement::real(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  if (type(column) != Type::kInteger) expect(column, SQLITE_FLOAT, "a number");
  return sqlite3_column_double(handle_, column);
}

std::string Statement::text(int column) const {
  expect(column, SQLITE_TEXT, "a text");
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return {bytes != nullptr ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::blob(int column) const {
  expect(column, SQLITE_BLOB, "a blob");
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return {bytes != nullptr ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Statement::Type Statement::type(int column) const {
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_INTEGER:
      return Type::kInteger;
    case SQLITE_FLOAT:
      return Type::kReal;
    case SQLITE_TEXT:
      return Type::kText;
    case SQLITE_BLOB:
      return Type::kBlob;
    default:
      return Type::kNull;
  }
}

void create_whole(const std::string& file, const FileKind& kind, const std::function<void(Database&)>& fill,
                  const std::string& shown) {
  const std::string& name = shown.empty() ? file : shown;
  const UserError exists(name, "the file exists already", "remove it or choose another name");
  if (std::filesystem::exists(file)) throw exists;
  const std::string target = output_target(file);  // of a link whose target is not there yet
  const std::string unfinished = unfinished_name(target);
  try {
    {
      Database database(unfinished, Database::Mode::kCreate, kind, name);
      database.begin();
      fill(database);
      database.commit();
    }
    if (!publish_new(unfinished, target, name)) throw exists;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
    std::filesystem::remove(unfinished + "-journal", ignored);
    throw;
  }
}

std::string quoted_identifier(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace ldpsim
