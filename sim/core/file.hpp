// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ldpsim {

/// Writes a file whole: under another name first, then moved into place, so that a file of this name never is half a
/// file. An existing one is replaced. Throws DamagedFile saying why it cannot be written.
void write_file(const std::string& file, std::string_view bytes);

/// Makes a folder and those above it. Throws UserError if something else has the name, DamagedFile if it cannot be
/// made.
void make_folder(const std::string& folder);

}  // namespace ldpsim
