// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ldpsim {

/// Throws UserError at `where` if tables could not tell a layer of this name apart: an empty name, that of their last
/// row, or one that breaks their lines.
void check_layer_name(const std::string& name, const std::string& where);

}  // namespace ldpsim
