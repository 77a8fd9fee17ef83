// Stores with made-up numbers.
#pragma once

#include "store/upgrade.h"

#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep::testing_support {

/// Changes rows of a store by SQL and updates its hashes, so that the program accepts them as written.
inline void change_rows(const std::string& path, const std::vector<std::string>& statements) {
  SQLite::Database db(path, SQLite::OPEN_READWRITE);
  for (const std::string& sql : statements) db.exec(sql);
  make_hashes(db, db.tableExists("fits"));
}

}  // namespace modsweep::testing_support
