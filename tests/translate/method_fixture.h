// What the tests of translate/ share: the method table of the contract and of testing.proto, requests written as text,
// JSON compared value by value with a reader that is not the gateway's own.
#ifndef IMBOT_TESTS_TRANSLATE_METHOD_FIXTURE_H_
#define IMBOT_TESTS_TRANSLATE_METHOD_FIXTURE_H_

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "nlohmann/json.hpp"
#include "proto/contract.h"
#include "service/base/error.h"
#include "service/translate/method_table.h"
#include "tests/translate/testing.pb.h"

namespace imbot::translate {

inline const MethodTable& TestTable() {
  static const MethodTable* const table = [] {
    auto files = contract::Files();
    files.push_back(test::translate::v1::EverythingRequest::descriptor()->file());
    auto created = MethodTable::Create(files);
    if (!created.ok()) throw std::logic_error(std::string(created.status().message()));
    return created->release();
  }();
  return *table;
}

inline const MethodSpec& Method(std::string_view rest_name) {
  const MethodSpec* method = TestTable().FindByName(rest_name);
  if (method == nullptr) throw std::logic_error("no method " + std::string(rest_name));
  return *method;
}

// A request of the method, written in protobuf's text format.
inline std::unique_ptr<google::protobuf::Message> Request(const MethodSpec& method, const std::string& text) {
  std::unique_ptr<google::protobuf::Message> request(method.request_prototype->New());
  if (!google::protobuf::TextFormat::ParseFromString(text, request.get()))
    throw std::logic_error("not a " + request->GetTypeName() + ": " + text);
  return request;
}

inline nlohmann::json Json(const std::string& text) {
  return nlohmann::json::parse(text);
}

// The paths of a BadRequest, with repeats, in their order.
inline std::vector<std::string> ViolationPaths(const absl::Status& status) {
  std::vector<std::string> paths;
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) paths.push_back(violation.field());
  }
  return paths;
}

inline std::string ViolationText(const absl::Status& status, std::string_view path) {
  const google::rpc::Status whole = base::ToRpcStatus(status);
  for (const auto& detail : whole.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) {
      if (violation.field() == path) return violation.description();
    }
  }
  return "";
}

}  // namespace imbot::translate

#endif  // IMBOT_TESTS_TRANSLATE_METHOD_FIXTURE_H_
