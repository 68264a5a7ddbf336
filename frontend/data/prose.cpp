// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/prose.hpp"

#include <algorithm>
#include <sstream>

namespace ldpsim::data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Letters of other alphabets are bytes from 0x80 on in UTF-8.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_letter(c) || is_digit(c); }

/// What WikiText writes between two parts of a word or number: @-@, @,@ or @.@; empty if `mark` is not such a joint.
std::string joint(char before, char mark, char after) {
  const bool joins = mark == '-' ? is_word(before) && is_word(after)
                                 : (mark == ',' || mark == '.') && is_digit(before) && is_digit(after);
  return joins ? std::string(" @") + mark + "@ " : std::string();
}

/// Whether the full stop at `at` belongs to the word that ends there, which begins at `start`.
bool is_abbreviation(std::string_view text, std::size_t start, std::size_t at) {
  const std::string_view word = text.substr(start, at - start);
  return (word.size() == 1 && is_letter(word[0])) || word.find('.') != std::string_view::npos;
}

/// Joins what the layout of the file broke into lines.
class Paragraphs {
 public:
  void add(const std::string& line) { open_ += line + ' '; }
  void close() {
    const std::string words = spaced_words(open_);
    if (std::any_of(words.begin(), words.end(), is_word)) text_ += ' ' + words + " \n";
    open_.clear();
  }
  void heading(const std::string& title, std::size_t depth) {
    close();
    const std::string words = spaced_words(title);
    std::string marks;
    for (std::size_t i = 0; i < depth; ++i) marks += " =";
    if (!words.empty()) text_ += marks + ' ' + words + marks + " \n";
  }
  std::string take() {
    close();
    return std::move(text_);
  }

 private:
  std::string text_, open_;
};

/// Whether a line is a rule across the page: three or more stars or dashes.
bool is_rule(std::string_view line) {
  return line.find_first_not_of(" *-|") == std::string_view::npos && line.find_first_of("*-") != std::string_view::npos;
}

/// Length of the mark of a list item at the begin of a line, 0 if there is none.
std::size_t item_mark(std::string_view line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return 0;
  const bool numbered = digits > 0 && line[digits] == '.', starred = digits == 0 && line.find_first_of("*+-") == 0;
  const std::size_t mark = digits + 1;
  return (numbered || starred) && mark < line.size() && line[mark] == ' ' ? mark : 0;
}

/// Takes the marks of quotations, lists and rules from the begins of lines.
std::string without_block_marks(const std::string& markdown) {
  std::string text;
  std::istringstream lines(markdown);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = std::min(line.find_first_not_of("> \t"), line.size());
    const std::string_view rest = std::string_view(line).substr(begin);
    const std::size_t mark = item_mark(rest);
    if (mark > 0) text += '\n';  // each item is a paragraph
    if (!is_rule(rest)) text += rest.substr(mark);
    text += '\n';
  }
  return text;
}

/// Where a link that begins at `at` has its two closing brackets, if it is one; links may run over ends of lines.
struct Link {
  std::size_t text_end = 0, end = 0;  ///< end 0: none
};
Link link_at(std::string_view text, std::size_t at) {
  const std::size_t close = text.find_first_of("[]", at + 1);
  if (close == std::string_view::npos || text[close] != ']' || close + 1 >= text.size() || text[close + 1] != '(') {
    return {};
  }
  const std::size_t end = text.find(')', close);
  return end == std::string_view::npos ? Link{} : Link{close, end};
}

/// A link in a heading must not end the heading.
std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The text that a reader sees.
std::string without_inline_marks(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '[') {
      const Link link = link_at(text, at);
      if (link.end > 0) {
        const bool picture = !plain.empty() && plain.back() == '!';
        const bool turns_pages =
            text.substr(link.text_end, link.end - link.text_end).find("\"Go to") != std::string_view::npos;
        if (picture) plain.pop_back();
        if (!picture && !turns_pages)
          plain += in_one_line(without_inline_marks(text.substr(at + 1, link.text_end - at - 1)));
        at = link.end;
        continue;
      }
    }
    const std::size_t tag_end = c == '<' ? text.find_first_of("<>\n", at + 1) : std::string_view::npos;
    if (tag_end != std::string_view::npos && text[tag_end] == '>') {
      at = tag_end;
    } else if (c == '\\' && at + 1 < text.size() && !is_word(text[at + 1])) {
      plain += text[++at];
    } else if (c != '*' && c != '_' && c != '|') {
      plain += c;
    }
  }
  return plain;
}

}  // namespace

std::string spaced_words(std::string_view text) {
  std::string out;
  std::size_t start = 0;  // of the word under way
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at], before = at > 0 ? text[at - 1] : ' ', after = at + 1 < text.size() ? text[at + 1] : ' ';
    if (!is_word(before) && before != '.') start = at;
    const std::string joined = joint(before, c, after);
    if (is_word(c) || c == ' ' || c == '\n' || c == '\t') {
      out += c;
    } else if (!joined.empty()) {
      out += joined;
      start = at + 1;
    } else if (c == '.' && is_word(before) && (is_letter(after) || is_abbreviation(text, start, at))) {
      out += c;
    } else if (c == '\'' && is_letter(before) && is_letter(after)) {
      out += " '";
    } else if (c == before && (c == '-' || c == '`' || c == '\'')) {
      out.insert(out.size() - 1, 1, c);  // a dash, or quotation marks of two characters
    } else {
      out += std::string(" ") + c + ' ';
    }
  }
  std::istringstream words(out);
  std::string spaced;
  for (std::string word; words >> word;) spaced += (spaced.empty() ? "" : " ") + word;
  return spaced;
}

std::string prose_of_markdown(const std::string& markdown) {
  Paragraphs paragraphs;
  std::istringstream lines(without_inline_marks(without_block_marks(markdown)));
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    const std::size_t depth = line.find_first_not_of('#');
    if (line.empty()) {
      paragraphs.close();
    } else if (depth == std::string::npos || depth == 0) {
      paragraphs.add(depth == 0 ? line : "");
    } else {
      paragraphs.heading(line.substr(depth), depth);
    }
  }
  return paragraphs.take();
}

std::string prose_of_tagged(const std::string& tagged) {
  std::string text, open;
  const auto close = [&] {
    if (!open.empty()) text += open + " \n";
    open.clear();
  };
  std::istringstream lines(tagged);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    bool blank = true;
    for (std::string word; words >> word; blank = false) open += ' ' + word.substr(0, word.rfind('/'));
    if (blank) close();
  }
  close();
  return text;
}

TextParts split_documents(const std::vector<std::string>& documents) {
  TextParts parts;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    std::string& part = i % 20 < 18 ? parts.train : i % 20 == 18 ? parts.valid : parts.test;
    part += documents[i];
  }
  return parts;
}

}  // namespace ldpsim::data
