// Rows under a heading, in columns as wide as they need to be. Thread-compatible.
#ifndef IMBOT_CLIENT_LIB_CLI_TABLE_H_
#define IMBOT_CLIENT_LIB_CLI_TABLE_H_

#include <string>
#include <vector>

#include "client_lib/cli/console.h"

namespace imbot::cli {

class Table {
 public:
  // Headings; those of columns with numbers begin with `>`, which sets them to the right.
  explicit Table(std::vector<std::string> headings);
  // As many cells as there are headings; from elsewhere, so control characters are replaced.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // In a terminal the last column is cut to what is left of its width.
  std::string Text(const Style& style, size_t width) const;

 private:
  struct Column {
    std::string heading;
    bool to_the_right = false;
    size_t width = 0;
  };
  std::string Line(const std::vector<std::string>& cells, size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_TABLE_H_
