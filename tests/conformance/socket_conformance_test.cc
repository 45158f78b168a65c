// Every example of the documentation over sockets: from a client through the gateway's own program to a portal that
// answers what the page shows. An address for a download is the simulator's own here, since the gateway asks no other.

#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>

#include "client_lib/json_reader/json_reader.h"
#include "tests/conformance/socket_fixture.h"

namespace imbot::conformance {
namespace {

using imbot::testing::RpcResult;

class Socket : public SocketFixture {
 protected:
  // Calls in the name of a fresh bot, while the portal answers exactly this.
  RpcResult Call(const std::string& method, const Json& request, int http_status, const Json& answer) {
    PlayAnswer(method, http_status, answer);
    const auto message = client::ReadRequest(Rpc(method), request.dump(), {FreshBot(), "acme"});
    if (!message.ok()) throw std::logic_error(std::string(message.status().message()));
    RpcResult result = gateway_.client().Call(Rpc(method), **message);
    simulator_.Delete("/faults");
    return result;
  }
};

TEST_F(Socket, EveryExampleRequestArrivesAtThePortalAsItStands) {
  Uses uses;
  std::set<std::string> methods;
  int own = 0, related = 0;
  for (const RequestExample& example : Requests()) {
    SCOPED_TRACE(example.where);
    const RpcResult result = Call(example.method, example.body, 200, AnswerOf(example.method));
    ASSERT_TRUE(result.ok()) << example.method << ": " << result.status.error_message();
    ExpectAtThePortal(example, &uses);
    ++(example.related ? related : own);
    methods.insert(example.method);
  }
  std::cout << own << " example requests of " << methods.size() << " methods and " << related
            << " of related pages, over sockets\n";
  std::vector<EquivalenceRow> rows(std::begin(kCodecRequests), std::end(kCodecRequests));
  rows.insert(rows.end(), std::begin(kGatewayRequests), std::end(kGatewayRequests));
  EXPECT_TRUE(uses.Print(rows, std::cout));
  EXPECT_EQ(methods.size(), 67u);
  EXPECT_GE(own, 66);
}

TEST_F(Socket, NothingOfAnyExampleResponseIsLostOnItsWayToTheCaller) {
  Uses uses;
  int results = 0, errors = 0;
  for (const ResponseExample& example : Responses()) {
    SCOPED_TRACE(example.where);
    const Json& request = requests_.at(example.method).body;
    if (!example.is_error) {
      const RpcResult result = Call(example.method, request, 200, example.body);
      ASSERT_TRUE(result.ok()) << example.method << ": " << result.status.error_message();
      if (Rpc(example.method).server_streaming()) {
        const auto* field = result.response->GetDescriptor()->FindFieldByName("content");
        EXPECT_EQ(result.response->GetReflection()->GetString(*result.response, field), kContent);
        result.response->Clear();  // beside the file there is nothing
      }
      Expect(CompareResponse(example.body.at("result"), *result.response, &uses), example.where);
      const auto call = result.trailers.find("x-imbot-call");
      ASSERT_NE(call, result.trailers.end());
      EXPECT_EQ(call->second.find("portal-duration-ms=") != std::string::npos, example.body.contains("time"));
      if (example.body.contains("time")) uses.Note(Equivalence::kTime);
      ++results;
      continue;
    }
    ++errors;
    for (const int http_status : example.http_statuses) {
      const RpcResult result = Call(example.method, request, http_status, example.body);
      ASSERT_FALSE(result.ok());
      const std::string code = example.body.at("error").get<std::string>();
      EXPECT_EQ(result.Reason(), code);
      EXPECT_EQ(result.Info().domain(), "bitrix24.com");
      EXPECT_EQ(result.Info().metadata().at("code"), code);
      EXPECT_EQ(result.Info().metadata().at("http_status"), std::to_string(http_status));
      EXPECT_EQ(result.Info().metadata().at("method"), example.method);
      EXPECT_FALSE(result.Outcome().empty());
      EXPECT_NE(result.status.error_message().find(DescriptionOf(example)), std::string::npos)
          << result.status.error_message();
    }
  }
  std::cout << results + errors << " example responses (" << errors << " errors), over sockets\n";
  EXPECT_TRUE(uses.Print({std::begin(kResponses), std::end(kResponses)}, std::cout));
  EXPECT_GE(results + errors, 67);
}

}  // namespace
}  // namespace imbot::conformance
