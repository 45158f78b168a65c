#include "service/rpc/unknown_methods.h"

#include <string>
#include <utility>

#include "service/base/error.h"
#include "service/base/strings.h"
#include "service/rpc/call_metadata.h"
#include "service/rpc/status_trailers.h"

namespace imbot::rpc {
namespace {

constexpr size_t kLongestShown = 200;

// A caller chooses this text: only what a method's path is made of goes on into the log.
std::string Shown(const std::string& path) {
  std::string shown = path.substr(0, kLongestShown);
  for (char& c : shown) {
    if (!base::IsAlnum(c) && c != '.' && c != '_' && c != '/') c = '?';
  }
  return shown;
}

void Refuse(const CallEnvironment& environment, StreamRpc& rpc) {
  grpc::ServerContext& context = rpc.context();
  environment.log->Began();
  CallRecord record;
  record.request_id = base::RequestId(environment.random);
  const std::string path = Shown(rpc.path());
  record.rpc = path;
  record.trace_id = TraceIdOf(context.client_metadata());
  absl::Status status = base::Error(absl::StatusCode::kUnimplemented, "RPC_UNKNOWN",
                                    base::StrCat("this gateway has no rpc ", record.rpc,
                                                 ": ask its reflection for those it has (grpcurl ADDRESS list)"))
                            .Metadata("request_id", record.request_id)
                            .Build();
  record.code = status.code();
  record.reason = base::ReasonOf(status);
  record.outcome = base::OutcomeOf(status);
  const Trailers trailers = InfoTrailers(record.request_id, {});
  for (const auto& [name, value] : trailers) context.AddTrailingMetadata(*name, value);
  // One label for all: callers could make any number of paths.
  environment.log->Ended("unknown", record.code, record.reason, record.total);
  environment.log->Write(record);
  rpc.Finish(ToGrpcStatus(status, trailers));
}

}  // namespace

void AddUnknownRoute(std::shared_ptr<const CallEnvironment> environment, Routes* routes) {
  routes->SetUnknown([environment = std::move(environment)](StreamRpc& rpc) {
    Refuse(*environment, rpc);
    return nullptr;
  });
}

}  // namespace imbot::rpc
