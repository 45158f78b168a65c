#include "tests/simulator/rest/replies.h"

#include <cmath>
#include <string>
#include <utility>

#include "tests/simulator/rest/batch.h"

namespace simulator {

HttpResponse JsonReply(const PortalOptions& options, int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Server", "nginx"},
                      {"Content-Type", "application/json; charset=utf-8"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Headers", "origin, content-type, accept"},
                      {"X-Content-Type-Options", "nosniff"}};
  if (!body.is_null())
    response.body = WriteJson(body, options.behave_as_documented ? EmptyMap::kObject : EmptyMap::kList);
  return response;
}

HttpResponse ErrorReply(const PortalOptions& options, const RestError& error) {
  Json body = Json::object();
  body["error"] = error.code;
  body["error_description"] = error.description;
  for (const auto& item : error.extra.items()) body[item.key()] = item.value();
  return JsonReply(options, error.status, body);
}

HttpResponse ErrorReplyV3(const PortalOptions& options, const RestError& error) {
  Json body = Json::object();
  body["error"] = Json{{"code", "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION"}, {"message", error.description}};
  return JsonReply(options, error.status, body);
}

HttpResponse SuccessReply(const PortalOptions& options, const Caller& caller, Json result, Json time) {
  Answer answer = SplitResult(std::move(result));
  Json body = MapFor(4);
  body["result"] = std::move(answer.result);
  if (answer.next) body["next"] = *answer.next;
  if (answer.total) body["total"] = *answer.total;
  body["time"] = std::move(time);
  HttpResponse response = JsonReply(options, 200, body);
  // Headers of the cloud.
  if (!caller.client_id.empty()) response.headers.emplace_back("X-Bitrix-Rest-Application", caller.client_id);
  for (const char* name : {"X-Bitrix-Rest-Time", "X-Bitrix-Rest-User-Time", "X-Bitrix-Rest-System-Time"}) {
    response.headers.emplace_back(name, "0.0010000000");
  }
  return response;
}

Json TimeMember(const PortalOptions& options, PortalClock::TimePoint start, PortalClock::TimePoint finish,
                const OperatingState& operating) {
  const double start_seconds = UnixSeconds(start);
  const double finish_seconds = UnixSeconds(finish);
  Json time = MapFor(8);
  if (options.behave_as_documented) {
    Append("start", start_seconds, &time);
    Append("finish", finish_seconds, &time);
    Append("duration", finish_seconds - start_seconds, &time);
    Append("processing", finish_seconds - start_seconds, &time);
  } else {
    // Typed properties of the published source truncate the start: the duration comes out up to a second too long.
    const int64_t start_int = static_cast<int64_t>(std::floor(start_seconds));
    Append("start", start_int, &time);
    Append("finish", finish_seconds, &time);
    Append("duration", finish_seconds - static_cast<double>(start_int), &time);
    Append("processing", static_cast<int64_t>(finish_seconds) - start_int, &time);
  }
  Append("date_start", IsoDate(start), &time);
  Append("date_finish", IsoDate(finish), &time);
  if (options.operating) {
    Append("operating_reset_at", operating.reset_at, &time);
    Append("operating", operating.seconds, &time);
  }
  return time;
}

HttpResponse HtmlReply(int status) {
  const std::string title = std::to_string(status) + " " + std::string(ReasonPhrase(status));
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
  response.body = "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n";
  return response;
}

}  // namespace simulator
