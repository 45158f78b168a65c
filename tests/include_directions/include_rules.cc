#include "tests/include_directions/include_rules.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string_view>
#include <utility>

namespace imbot::include_directions {
namespace {

using Names = std::vector<std::string_view>;

bool StartsWithAny(std::string_view text, const Names& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// What a folder of service/, or a file that stands directly in it, may include of service/ beside itself:
// base <- {translate, transport, storage} <- {portal, credentials, events} <- rpc <- gateway <- main.
// Siblings don't include each other; what one needs of another it declares as an interface of its own, and gateway.cc
// connects them. config/ stands beside base/, of which it takes the errors; its readers hand on plain options, so that
// only the top knows it.
const std::map<std::string_view, Names>& AllowedInService() {
  static const Names lower = {"base", "translate", "transport", "storage"};
  static const std::map<std::string_view, Names> allowed = {
      {"base", {}},
      {"config", {"base"}},
      {"translate", {"base"}},
      {"transport", {"base"}},
      {"storage", {"base"}},
      {"portal", lower},
      {"credentials", lower},
      {"events", lower},
      {"rpc", {"base", "translate", "transport", "storage", "portal", "credentials", "events"}},
      {"gateway.h", {"base", "config"}},
      {"gateway_settings.h", {"base", "config", "transport", "portal", "rpc"}},
      {"gateway_settings.cc", {"base", "config", "transport", "portal", "rpc", "gateway_settings.h"}},
      {"gateway.cc",
       {"base", "config", "translate", "transport", "storage", "portal", "credentials", "events", "rpc", "gateway.h",
        "gateway_settings.h"}},
      {"main.cc", {"base", "config", "gateway.h"}},
  };
  return allowed;
}

// What other parts of the repository may include of it.
struct Part {
  std::string_view folder;
  Names may_include;  // prefixes of full paths
  bool generated;     // whether the contract's generated headers are for it
  std::string_view why;
};
const std::vector<Part>& Parts() {
  // The first that matches holds.
  static const std::vector<Part> parts = {
      {"tests/simulator/",
       {"tests/simulator/"},
       false,
       "the simulator shares nothing with the gateway, or what it finds proves itself"},
      {"tests/", {"service/", "proto/", "client_lib/", "imbot/client/", "tests/"}, true, ""},
      {"client_lib/", {"client_lib/", "imbot/client/", "proto/"}, true, "the client library sees only the contract"},
      {"proto/", {"proto/"}, true, "the contract depends on nothing"},
      {"service/", {"service/", "proto/"}, true, "the gateway depends on nothing but the contract"},
  };
  return parts;
}

// An outside library is included in one file of service/, behind an interface of ours.
struct Library {
  std::string_view name;
  Names headers;  // prefixes of what stands in the #include
  Names homes;    // folders or files that may include it
  std::size_t files_at_most;
};
// Translation is the one engine that reads and writes messages it was not compiled for. The second home fills the
// configuration's message, which is the gateway's own and no part of what a portal sees.
constexpr std::string_view kReflectionHomes[] = {"service/translate/", "service/config/yaml_to_proto.cc"};
constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);
const std::vector<Library>& Libraries() {
  static const std::vector<Library> libraries = {
      {"libcurl", {"curl/"}, {"service/transport/"}, kAnyNumber},
      {"c-ares", {"ares.h", "ares_"}, {"service/transport/"}, 1},
      {"SQLite", {"sqlite3"}, {"service/storage/"}, 1},
      {"libpq", {"libpq", "postgresql/"}, {"service/storage/"}, 1},
      {"yaml-cpp", {"yaml-cpp/"}, {"service/config/"}, 1},
      {"spdlog", {"spdlog/", "fmt/"}, {"service/base/"}, 1},
      {"prometheus-cpp", {"prometheus/"}, {"service/base/"}, 1},
      {"simdjson", {"simdjson"}, {"service/base/"}, 1},
      {"civetweb", {"CivetServer.h", "civetweb.h"}, {"service/"}, 1},
      {"OpenSSL", {"openssl/"}, {"service/base/", "service/transport/"}, kAnyNumber},
      {"RE2", {"re2/"}, {"service/translate/"}, kAnyNumber},
      {"gRPC", {"grpc/", "grpcpp/", "grpc++/"}, {"service/rpc/"}, kAnyNumber},
      // Beside those that reflect, rpc/ walks the services to register them.
      {"proto reflection",
       {"google/protobuf/descriptor", "google/protobuf/reflection", "google/protobuf/dynamic_message",
        "google/protobuf/util/json_util", "google/protobuf/util/field_mask_util", "google/protobuf/text_format",
        "google/protobuf/unknown_field_set"},
       {kReflectionHomes[0], kReflectionHomes[1], "service/rpc/"},
       kAnyNumber},
      {"another JSON library", {"nlohmann/", "rapidjson/", "json/", "boost/json"}, {}, 0},
  };
  return libraries;
}

struct Include {
  std::size_t line;
  bool quoted;
  std::string path;
};

struct Source {
  std::vector<Include> includes;
  std::vector<std::size_t>
      reflects;  // lines that ask a message for its reflection, which every message's header offers
};

Source Read(const std::filesystem::path& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  Source source;
  std::ifstream in(file);
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    std::smatch match;
    if (std::regex_search(text, match, pattern)) {
      source.includes.push_back({line, match[1] == "\"", match[2]});
    } else if (text.find("GetReflection(") != std::string::npos) {
      source.reflects.push_back(line);
    }
  }
  return source;
}

bool IsGenerated(std::string_view path) {
  return path.ends_with(".pb.h");
}

// "service/portal/x.h" -> "portal"; "service/gateway.h" -> "gateway.h".
std::string_view PlaceInService(std::string_view path) {
  path.remove_prefix(std::string_view("service/").size());
  return path.substr(0, path.find('/'));
}

class Checker {
 public:
  void Check(const std::filesystem::path& root, const std::string& file) {
    ++findings_.files;
    const Source source = Read(root / file);
    for (const Include& include : source.includes) {
      ++findings_.includes;
      CheckPath(root, file, include);
      CheckPart(file, include);
      if (file.starts_with("service/")) {
        CheckService(file, include);
        CheckLibraries(file, include);
      }
    }
    if (!file.starts_with("service/") ||
        StartsWithAny(file, {std::begin(kReflectionHomes), std::end(kReflectionHomes)}))
      return;
    for (const std::size_t line : source.reflects)
      Add(file, line, "proto reflection does not belong here: GetReflection");
  }

  Findings Finish() && {
    for (const Library& library : Libraries()) {
      const std::set<std::string>& users = users_[library.name];
      if (users.size() <= library.files_at_most) continue;
      std::string names;
      for (const std::string& user : users) names += " " + user;
      Add(*users.begin(), 0, std::string(library.name) + " is included by more than one file:" + names);
    }
    return std::move(findings_);
  }

 private:
  void Add(const std::string& file, std::size_t line, std::string what) {
    findings_.breaches.push_back({file, line, std::move(what)});
  }

  static bool IsOurs(const Include& include) {
    // imbot/client/ is client_lib/imbot/client/, by the name that its users know.
    return StartsWithAny(include.path, {"service/", "proto/", "client_lib/", "imbot/client/", "tests/"});
  }

  // Our own headers are named by their full path, so that the other checks see where they stand.
  void CheckPath(const std::filesystem::path& root, const std::string& file, const Include& include) {
    if (IsOurs(include)) {
      if (!include.quoted) Add(file, include.line, "our own header in angle brackets: " + include.path);
      return;
    }
    if (!include.quoted || IsGenerated(include.path)) return;
    if (include.path.starts_with(".") || std::filesystem::exists((root / file).parent_path() / include.path)) {
      Add(file, include.line, "not the full path from the repository's root: " + include.path);
    }
  }

  void CheckPart(const std::string& file, const Include& include) {
    const auto part =
        std::find_if(Parts().begin(), Parts().end(), [&](const Part& p) { return file.starts_with(p.folder); });
    if (part == Parts().end()) return;
    const bool bad = IsOurs(include) ? !StartsWithAny(include.path, part->may_include)
                                     : (IsGenerated(include.path) && !part->generated);
    if (bad) Add(file, include.line, include.path + ": " + std::string(part->why));
  }

  void CheckService(const std::string& file, const Include& include) {
    const std::string_view from = PlaceInService(file);
    const auto allowed = AllowedInService().find(from);
    if (allowed == AllowedInService().end()) {
      Add(file, include.line, std::string(from) + " is no folder or file that service/ has a place for");
      return;
    }
    if (!include.path.starts_with("service/")) return;
    const std::string_view to = PlaceInService(include.path);
    if (to == from || std::find(allowed->second.begin(), allowed->second.end(), to) != allowed->second.end()) return;
    Add(file, include.line, std::string(from) + " may not include " + std::string(to) + ": " + include.path);
  }

  void CheckLibraries(const std::string& file, const Include& include) {
    for (const Library& library : Libraries()) {
      if (!StartsWithAny(include.path, library.headers)) continue;
      if (IsGenerated(include.path)) continue;  // grpc/health/v1/health.pb.h is a message, not the library
      if (!StartsWithAny(file, library.homes)) {
        Add(file, include.line, std::string(library.name) + " does not belong here: " + include.path);
      } else {
        users_[library.name].insert(file);
      }
    }
    if (include.path.ends_with(".grpc.pb.h") && !file.starts_with("service/rpc/")) {
      Add(file, include.line, "gRPC does not belong here: " + include.path);
    }
  }

  Findings findings_;
  std::map<std::string_view, std::set<std::string>> users_;  // library -> files
};

}  // namespace

Findings CheckIncludes(const std::filesystem::path& root) {
  std::vector<std::string> files;
  for (const char* folder : {"service", "proto", "client_lib", "tests"}) {
    if (!std::filesystem::is_directory(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const std::filesystem::path extension = entry.path().extension();
      if (entry.is_regular_file() && (extension == ".h" || extension == ".cc")) {
        files.push_back(entry.path().lexically_relative(root).generic_string());
      }
    }
  }
  std::sort(files.begin(), files.end());
  Checker checker;
  for (const std::string& file : files) checker.Check(root, file);
  return std::move(checker).Finish();
}

}  // namespace imbot::include_directions
