// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/text.hpp"

namespace ldpsim::data {

/// Separates words and punctuation by blanks as WikiText does: `well-known, 1.5 and "don't"` becomes
/// `well @-@ known , 1 @.@ 5 and " don 't "`. A full stop stays with a single letter and with words that have another
/// one (`p.`, `U.S.`).
std::string spaced_words(std::string_view text);

/// A Markdown document in WikiText's layout: a paragraph, list item or heading a line, words separated, headings
/// between as many `=` as they had `#`. Links keep their text, except those that only lead to another page; emphasis,
/// rules, tables' bars, tags and pictures go.
std::string prose_of_markdown(const std::string& markdown);

/// A text whose words carry tags behind their last slash (`The/at`), a paragraph a line.
std::string prose_of_tagged(const std::string& tagged);

/// Of twenty documents in a row the first eighteen are for training, the next for validation, the last for testing.
TextParts split_documents(const std::vector<std::string>& documents);

}  // namespace ldpsim::data
