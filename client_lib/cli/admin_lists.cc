#include "client_lib/cli/admin_lists.h"

#include <utility>

namespace imbot::cli {
namespace {

using imbot::gateway::v1::GetStatusRequest;
using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::ListBotsRequest;
using imbot::gateway::v1::ListBotsResponse;

void Append(ListBotsResponse page, ListBotsResponse* all) {
  all->MergeFrom(page);
}
// Every page tells of the whole gateway.
void Append(GetStatusResponse page, GetStatusResponse* all) {
  all->clear_listeners();
  all->MergeFrom(page);
}

template <typename Request, typename Response>
std::optional<CallResult> AllPages(const client::Client& client, const char* name, const std::string& portal,
                                   const client::CallOptions& options, Response* all) {
  Request request;
  if (!portal.empty()) request.set_portal(portal);
  for (;;) {
    Response page;
    if (auto failed = CallAdmin(client, name, request, options, &page); failed.has_value()) return failed;
    const std::string next = page.next_page_token();
    page.clear_next_page_token();
    Append(std::move(page), all);
    if (next.empty()) return std::nullopt;
    request.set_page_token(next);
  }
}

}  // namespace

std::optional<CallResult> CallAdmin(const client::Client& client, const char* name,
                                    const google::protobuf::Message& request, const client::CallOptions& options,
                                    google::protobuf::Message* response) {
  const auto& service = *ListBotsRequest::descriptor()->file()->FindServiceByName("AdminService");
  CallResult result = CallUnary(client, *service.FindMethodByName(name), request, options);
  if (!result.ok()) return result;
  // One of the descriptors' making; a field that this program does not know is kept, and not shown.
  response->ParseFromString(result.response->SerializeAsString());
  return std::nullopt;
}

std::optional<CallResult> AllBots(const client::Client& client, const std::string& portal,
                                  const client::CallOptions& options, ListBotsResponse* all) {
  return AllPages<ListBotsRequest>(client, "ListBots", portal, options, all);
}

std::optional<CallResult> WholeStatus(const client::Client& client, const std::string& portal,
                                      const client::CallOptions& options, GetStatusResponse* all) {
  return AllPages<GetStatusRequest>(client, "GetStatus", portal, options, all);
}

}  // namespace imbot::cli
