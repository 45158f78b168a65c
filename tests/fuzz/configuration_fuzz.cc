// Any bytes as a configuration file. Every secret it points to in the environment is the same known text, and `file`
// references lead nowhere but to the configuration itself.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "service/config/load.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/input.h"

namespace {

using namespace imbot;  // NOLINT: one function

// Not what a field, a portal or a bot can be called.
constexpr char kSecret[] = "S3cret!Value";

// A file in a folder of its own, removed at the end.
class File {
 public:
  File() {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    std::string folder =
        (memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "imbot-fuzz-XXXXXX";
    fuzz::Expect(mkdtemp(folder.data()) != nullptr, "no folder for the configuration");
    folder_ = folder;
    path_ = folder + "/gateway.yaml";
  }
  ~File() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  void Write(const uint8_t* data, size_t size) const {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz::Expect(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size), "the configuration can't be written");
    close(fd);
  }

 private:
  std::string folder_, path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const File file;
  file.Write(data, size);
  const config::Environment environment = [](const char*) -> const char* { return kSecret; };
  const config::LoadResult result = config::Read(file.path(), environment);
  fuzz::Expect((result.config == nullptr) == !result.mistakes.empty(), "neither a configuration nor a mistake");
  const auto lines = 2 + std::count(data, data + size, '\n') + std::count(data, data + size, '\r');
  for (const config::Mistake& mistake : result.mistakes) {
    const std::string text = mistake.ToString("gateway.yaml");
    fuzz::Expect(!mistake.text.empty(), "a mistake that says nothing", text);
    fuzz::Expect(mistake.place.line >= 0 && mistake.place.line <= lines, "a mistake outside the file", text);
    fuzz::Expect(text.find(kSecret) == text.npos, "a value in a mistake", text);
  }
  const bool good = result.config != nullptr;
  if (size % 4 == 0) {  // a second reading: it costs as much as the first
    bool said_good = false;
    const std::string report = config::CheckReport(file.path(), &said_good, environment);
    fuzz::Expect(said_good == good, "two readings of one file", report);
    fuzz::Expect(report.find(kSecret) == report.npos, "a value in a report", report);
  }
  if (!good) return 0;
  const config::Settings& settings = result.config->settings;
  for (const auto& portal : settings.portals()) {
    fuzz::Expect(result.config->webhook_codes.contains(portal.name()), "a portal without a webhook", portal.name());
  }
  fuzz::Expect(result.config->grpc_tls.size() == static_cast<size_t>(settings.listeners().grpc_size()),
               "a listener whose TLS nobody read");
  fuzz::Expect(result.config->bot_secrets.size() == static_cast<size_t>(settings.bots_size()),
               "a bot without a secret");
  config::Settings again;
  fuzz::Expect(again.ParseFromString(settings.SerializeAsString()), "a text that is not UTF-8 in a good configuration");
  return 0;
}
