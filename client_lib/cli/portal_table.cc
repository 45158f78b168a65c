#include "client_lib/cli/portal_table.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client_lib/cli/json_writer.h"
#include "client_lib/cli/message_json.h"
#include "client_lib/cli/portal_notes.h"
#include "client_lib/cli/text.h"
#include "google/protobuf/util/time_util.h"

namespace imbot::cli {
namespace {

using google::protobuf::FieldDescriptor;
using imbot::gateway::v1::GetStatusResponse;
using imbot::gateway::v1::PortalStatus;

struct Column {
  std::string heading;  // as of Table
  std::function<std::string(const PortalStatus&)> cell;
};

// With at most one digit behind the point, and none where it is a zero.
std::string Rounded(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof(buffer), "%.1f", value);
  std::string text = buffer;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string Seconds(const google::protobuf::Duration& duration) {
  return Rounded(static_cast<double>(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration)) / 1000) + "s";
}

std::string Queued(const PortalStatus& portal) {
  if (!portal.has_queued_calls()) return "";
  if (portal.queued_bulk_calls() == 0) return StrCat(portal.queued_calls());
  return StrCat(portal.queued_calls(), " (", portal.queued_bulk_calls(), " bulk)");
}

std::string Limit(const PortalStatus& portal) {
  if (!portal.has_limit_level()) return "";
  return StrCat(Rounded(portal.limit_level()), " of ", Rounded(portal.limit_burst()), ", ",
                Rounded(portal.limit_per_second()), "/s");
}

std::string CallsEach(const PortalStatus& portal) {
  if (portal.requests() == 0) return "";
  return Rounded(static_cast<double>(portal.sent_calls()) / static_cast<double>(portal.requests()));
}

// One value; empty if it is not set, or is no single one.
std::string Cell(const PortalStatus& portal, const FieldDescriptor& field) {
  const auto& reflection = *portal.GetReflection();
  if (field.is_repeated() || !reflection.HasField(portal, &field)) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(portal, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return StrCat(reflection.GetInt64(portal, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return StrCat(reflection.GetInt32(portal, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Rounded(reflection.GetDouble(portal, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(portal, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*reflection.GetEnum(portal, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      JsonWriter json(JsonWriter::Layout::kLine, Style(false));
      WriteMessage(reflection.GetMessage(portal, &field), &json);
      // A time or a duration is a text.
      const std::string& text = json.text();
      return text.starts_with('"') ? text.substr(1, text.size() - 2) : "";
    }
    default:
      return "";
  }
}

// Only where somebody should know: a healthy portal has nothing there.
std::string State(const PortalStatus& portal) {
  const std::string state = StateOf(portal);
  return state == "open" ? "" : state;
}

std::string Certificate(const GetStatusResponse& status, const PortalStatus& portal) {
  if (!portal.has_certificate_expire_time()) return "";
  const auto days = CertificateDays(status, portal);
  if (!days.has_value()) return google::protobuf::util::TimeUtil::ToString(portal.certificate_expire_time());
  if (*days < 0) return "! ended";
  return StrCat(*days < kCertificateWarningDays ? "! " : "", *days, "d");
}

std::vector<Column> Columns(const GetStatusResponse& status) {
  std::vector<Column> columns = {
      {"PORTAL", [](const PortalStatus& portal) { return portal.name(); }},
      {"STATE", State},
      {"HOST", [](const PortalStatus& portal) { return portal.host(); }},
      {">QUEUED", Queued},
      {">WAIT",
       [](const PortalStatus& portal) { return portal.has_longest_wait() ? Seconds(portal.longest_wait()) : ""; }},
      {">IN FLIGHT",
       [](const PortalStatus& portal) { return portal.has_in_flight() ? StrCat(portal.in_flight()) : ""; }},
      {">LIMIT", Limit},
      {">REQUESTS", [](const PortalStatus& portal) { return portal.has_requests() ? StrCat(portal.requests()) : ""; }},
      {">CALLS EACH", CallsEach},
      {">REFUSED",
       [](const PortalStatus& portal) { return portal.limit_refusals() > 0 ? StrCat(portal.limit_refusals()) : ""; }},
      {">TO REPEAT",
       [](const PortalStatus& portal) {
         return portal.waiting_to_repeat() > 0 ? StrCat(portal.waiting_to_repeat()) : "";
       }},
      {">CERTIFICATE", [&status](const PortalStatus& portal) { return Certificate(status, portal); }},
  };
  // What those tell, portal_notes.h does, or --json alone.
  constexpr std::string_view kTold[] = {"name",
                                        "host",
                                        "queued_calls",
                                        "queued_bytes",
                                        "in_flight",
                                        "queued_bulk_calls",
                                        "longest_wait",
                                        "limit_level",
                                        "limit_burst",
                                        "limit_per_second",
                                        "next_request_in",
                                        "requests",
                                        "sent_calls",
                                        "batches",
                                        "limit_refusals",
                                        "intake",
                                        "quarantine",
                                        "held_methods",
                                        "held_method_count",
                                        "last_error",
                                        "certificate_expire_time",
                                        "waiting_to_repeat"};
  const auto& type = *PortalStatus::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (std::find(std::begin(kTold), std::end(kTold), field->name()) != std::end(kTold)) continue;
    columns.push_back({Heading(field->name()), [field](const PortalStatus& portal) { return Cell(portal, *field); }});
  }
  return columns;
}

}  // namespace

Table PortalTable(const imbot::gateway::v1::GetStatusResponse& status) {
  std::vector<Column> columns = Columns(status);
  const auto is_empty = [&](const Column& column) {
    return column.heading != "PORTAL" &&
           std::all_of(status.portals().begin(), status.portals().end(),
                       [&](const PortalStatus& portal) { return column.cell(portal).empty(); });
  };
  columns.erase(std::remove_if(columns.begin(), columns.end(), is_empty), columns.end());
  std::vector<std::string> headings;
  for (const Column& column : columns) headings.push_back(column.heading);
  Table table(std::move(headings));
  for (const PortalStatus& portal : status.portals()) {
    std::vector<std::string> cells;
    for (const Column& column : columns) cells.push_back(column.cell(portal));
    table.Add(std::move(cells));
  }
  return table;
}

}  // namespace imbot::cli
