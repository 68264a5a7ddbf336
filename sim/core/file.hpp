// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ldpsim {

/// What a command writes that is told to write `file`: `file`, or what it links to, so that a link stays one. Nothing
/// is moved over it but by this name. Throws UserError if something other than a regular file has the name (a folder, a
/// pipe, a device: moving a file there would remove it), or if it is one of the files that the command reads.
std::string output_target(const std::string& file, std::span<const std::string> inputs = {});

/// Writes a file whole: under another name first, then moved into place (of output_target()), so that a file of this
/// name never is half a file. An existing one is replaced. Throws DamagedFile saying why it cannot be written.
void write_file(const std::string& file, std::string_view bytes);

/// A name beside `target` for the file that will become it: no other process makes the same, on this machine or on
/// another that shares the disk.
std::string unfinished_name(const std::string& target);

/// Gives a finished file its name unless something has that name already, also if another process makes it at this
/// moment; false then. Throws DamagedFile about `shown` saying why it cannot be done.
bool publish_new(const std::string& unfinished, const std::string& target, const std::string& shown);

/// Throws UserError if a file of this name is there and holds anything else than `bytes`: writing them would lose it.
void require_free(const std::string& file, std::string_view bytes, const std::string& hint);

/// Makes a folder and those above it. Throws UserError if something else has the name, DamagedFile if it cannot be
/// made.
void make_folder(const std::string& folder);

}  // namespace ldpsim
