#include "client_lib/cli/table.h"

#include <algorithm>
#include <utility>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

constexpr size_t kGap = 2;

}  // namespace

Table::Table(std::vector<std::string> headings) {
  for (std::string& heading : headings) {
    const bool to_the_right = heading.starts_with('>');
    if (to_the_right) heading.erase(0, 1);
    const size_t width = Columns(heading);
    columns_.push_back({std::move(heading), to_the_right, width});
  }
}

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = Printable(cells[i]);
    std::replace(cells[i].begin(), cells[i].end(), '\n', ' ');
    columns_[i].width = std::max(columns_[i].width, Columns(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

std::string Table::Line(const std::vector<std::string>& cells, size_t width) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    std::string cell = cells[i];
    const size_t used = Columns(line);
    if (last && width > used + 10) cell = Cut(cell, width - used);
    const size_t pad = columns_[i].width > Columns(cell) ? columns_[i].width - Columns(cell) : 0;
    if (columns_[i].to_the_right) line.append(pad, ' ');
    line += cell;
    if (last) break;
    if (!columns_[i].to_the_right) line.append(pad, ' ');
    line.append(kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Table::Text(const Style& style, size_t width) const {
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  std::string text = StrCat(style.Bold(Line(headings, width)), "\n");
  for (const auto& row : rows_) StrAppend(&text, Line(row, width), "\n");
  return text;
}

}  // namespace imbot::cli
