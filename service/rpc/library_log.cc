#include "service/rpc/library_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>
#include <string_view>

#include "service/base/mutex.h"
#include "service/base/strings.h"

namespace imbot::rpc {
namespace {

// The libraries take plain functions, so where these report to can't be anything but global. The lock is held while a
// line is written: whoever takes the logger away waits for it.
base::Mutex target_mutex;
base::Logger* target IMBOT_GUARDED_BY(target_mutex) = nullptr;

void Report(std::string_view library, const char* file, int line, std::string_view message) {
  std::string_view name = file == nullptr ? "" : file;
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  base::MutexLock lock(target_mutex);
  if (target == nullptr) return;
  target->Log(base::Level::kError, "library_error",
              {{"library", library}, {"at", base::StrCat(name, ":", line)}, {"message", message}});
}

void FromGrpc(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR) Report("grpc", args->file, args->line, args->message);
}

void FromProtobuf(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  if (level >= google::protobuf::LOGLEVEL_ERROR) Report("protobuf", file, line, message);
}

}  // namespace

LibraryLog::LibraryLog(base::Logger& logger) {
  {
    base::MutexLock lock(target_mutex);
    target = &logger;
  }
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(FromGrpc);
  google::protobuf::SetLogHandler(FromProtobuf);
}

LibraryLog::~LibraryLog() {
  base::MutexLock lock(target_mutex);
  target = nullptr;
}

}  // namespace imbot::rpc
