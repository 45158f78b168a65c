// Reads data/errors.tsv: what each of Bitrix24's codes must become. See the head of that file for its columns.
#ifndef IMBOT_TESTS_TRANSLATE_ERROR_EXPECTATIONS_H_
#define IMBOT_TESTS_TRANSLATE_ERROR_EXPECTATIONS_H_

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/translate/error_table.h"

namespace imbot::translate {

struct ErrorExpectation {
  std::string code, method, description;
  int http_status = 0;
  std::string grpc, reason, outcome, advice;
  int retry_seconds = 0;
  std::string actor, field;

  std::string Name() const { return base::StrCat(code, " ", http_status, " ", method, " (", description, ")"); }
};

inline std::vector<std::string> DataLines(const std::string& file) {
  std::ifstream in(std::string(IMBOT_TEST_DATA) + "/" + file);
  if (!in) throw std::runtime_error("no such test data: " + file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

inline std::vector<ErrorExpectation> ErrorExpectations() {
  std::vector<ErrorExpectation> all;
  for (const std::string& line : DataLines("errors.tsv")) {
    const auto columns = base::StrSplit(line, '\t');
    if (columns.size() != 11) throw std::runtime_error("errors.tsv: not 11 columns: " + line);
    const auto text = [&](size_t i) { return columns[i] == "-" ? std::string() : std::string(columns[i]); };
    ErrorExpectation one;
    one.code = columns[0] == "(empty)" ? "" : text(0);
    one.http_status = std::stoi(text(1));
    one.method = text(2).empty() ? "imbot.v2.Bot.get" : text(2);
    one.description = columns[3];
    one.grpc = text(4);
    one.reason = text(5);
    one.outcome = text(6);
    one.advice = text(7);
    one.retry_seconds = std::stoi(text(8));
    one.actor = base::ToLower(text(9));
    one.field = text(10);
    all.push_back(std::move(one));
  }
  return all;
}

inline std::string AdviceName(RetryAdvice advice) {
  switch (advice) {
    case RetryAdvice::kNever:
      return "NEVER";
    case RetryAdvice::kWait:
      return "WAIT";
    case RetryAdvice::kRepairAuth:
      return "REPAIR_AUTH";
    case RetryAdvice::kWaitSameIdentity:
      return "SAME_IDENTITY";
    case RetryAdvice::kUnknownOutcome:
      return "UNKNOWN_OUTCOME";
    case RetryAdvice::kPortalClosed:
      return "PORTAL_CLOSED";
  }
  return "?";
}

}  // namespace imbot::translate

#endif  // IMBOT_TESTS_TRANSLATE_ERROR_EXPECTATIONS_H_
