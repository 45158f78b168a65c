#include "service/config/load.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "service/base/strings.h"
#include "service/config/validate.h"
#include "service/config/yaml_to_proto.h"

namespace imbot::config {
namespace {

using base::StrCat;

constexpr size_t kMostBytes = 64 << 20;

// False and a mistake if it can't be read.
bool ReadFile(const std::string& path, std::string* text, std::vector<Mistake>* mistakes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    mistakes->push_back({"", {}, StrCat("can't be read: ", error.message(), "; name the configuration file")});
    return false;
  }
  if (size > kMostBytes) {
    mistakes->push_back({"", {}, "larger than 64 MiB; this is no configuration"});
    return false;
  }
  std::ifstream file(path, std::ios::binary);
  text->resize(size);
  file.read(text->data(), static_cast<std::streamsize>(size));
  if (!file) mistakes->push_back({"", {}, StrCat("can't be read: ", std::strerror(errno))});
  return static_cast<bool>(file);
}

const YamlHints& Hints() {
  static const YamlHints hints{{{"imbot.gateway.v1.SecretRef",
                                 "a secret does not stand in the configuration; put it into a file and write {file: "
                                 "PATH}, or into an environment "
                                 "variable and write {env: NAME}"}}};
  return hints;
}

std::string Lines(const std::vector<Mistake>& mistakes, const std::string& path) {
  return base::StrJoin(mistakes, "\n", [&](const Mistake& mistake) { return mistake.ToString(path); });
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> const char* { return std::getenv(name); };
}

LoadResult Read(const std::string& path, const Environment& environment) {
  LoadResult result;
  std::string text;
  if (!ReadFile(path, &text, &result.mistakes)) return result;
  auto config = std::make_shared<Config>();
  Findings findings;
  YamlToProto(text, Hints(), &config->settings, &findings.places, &findings.mistakes);
  // What is no YAML, or not fields, has nothing that could be checked further.
  const bool readable = findings.mistakes.empty() || !findings.mistakes.front().path.empty();
  if (readable) {
    ApplyDefaults(&config->settings);
    Validate(config->settings, &findings);
    Resolve(std::filesystem::path(path).parent_path().string(), environment, config.get(), &findings);
  }
  SortByPlace(&findings.mistakes);
  SortByPlace(&findings.warnings);
  result.mistakes = std::move(findings.mistakes);
  for (const Mistake& warning : findings.warnings) config->warnings.push_back(warning.ToString(path));
  if (result.mistakes.empty()) result.config = std::move(config);
  return result;
}

absl::StatusOr<std::shared_ptr<const Config>> Load(const std::string& path, const Environment& environment) {
  LoadResult result = Read(path, environment);
  if (result.config != nullptr) return std::move(result.config);
  return absl::InvalidArgumentError(Lines(result.mistakes, path));
}

std::string CheckReport(const std::string& path, bool* good, const Environment& environment) {
  const LoadResult result = Read(path, environment);
  *good = result.config != nullptr;
  if (!*good) return StrCat(Lines(result.mistakes, path), "\n");
  std::string report;
  for (const std::string& warning : result.config->warnings) base::StrAppend(&report, "warning: ", warning, "\n");
  return StrCat(report, "OK\n");
}

}  // namespace imbot::config
