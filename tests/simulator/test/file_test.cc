// imbot.v2.File.* and im.v2.File.*: expected values from the pages imbot.v2/files/*.md and im.v2/files/*.md, and from
// WIRE_FACTS.md 3 and 6.2.
#include <string>

#include "tests/simulator/php/base64.h"
#include "tests/simulator/test/messenger_fixture.h"

namespace simulator {
namespace {

constexpr char kHello[] = "SGVsbG8gV29ybGQh";  // "Hello World!", as in the examples

class FileTest : public MessengerTest {
 protected:
  Json Fields(const Json& changes = Json::object()) const {
    Json fields = Json{{"name", "report.pdf"}, {"content", kHello}, {"message", "Here is the report"}};
    for (auto it = changes.begin(); it != changes.end(); ++it) fields[it.key()] = it.value();
    return Json{{"dialogId", "chat5"}, {"fields", fields}};
  }
  Json Upload(const Json& changes = Json::object()) const { return BotCall("imbot.v2.File.upload", Fields(changes)); }
  // With the port in Host, as clients send it.
  std::string Link(const std::string& target, const Json& params) const {
    const std::string host = "127.0.0.1:" + std::to_string(http());
    const Reply reply = Exchange(http(), FormatRequest("POST", target, params.dump(), "application/json", host));
    return reply.json()["result"]["downloadUrl"].get<std::string>();
  }
  // Splits off the address, which must be the simulator's own.
  std::string Target(const std::string& link) const {
    const std::string origin = "http://127.0.0.1:" + std::to_string(http());
    EXPECT_EQ(link.substr(0, origin.size()), origin) << link;
    return link.substr(origin.size());
  }
};

// imbot.v2/files/file-upload.md: example and reply.
TEST_F(FileTest, UploadAnswersWithTheDocumentedObject) {
  const Json result = Upload();
  EXPECT_EQ(Keys(result), (std::vector<std::string>{"file", "messageId", "chatId", "dialogId"}));
  EXPECT_EQ(result["chatId"], 5);
  EXPECT_EQ(result["dialogId"], "chat5");
  EXPECT_EQ(result["messageId"], 789);
  const Json& file = result["file"];
  // The object File of entities.md, and none of the links.
  EXPECT_EQ(Keys(file),
            (std::vector<std::string>{"id", "chatId", "date", "type", "name", "extension", "size", "image", "authorId",
                                      "authorName", "isTranscribable", "isVideoNote", "isVoiceNote"}));
  EXPECT_EQ(file["id"], 138);
  EXPECT_EQ(file["name"], "report.pdf");
  EXPECT_EQ(file["extension"], "pdf");
  EXPECT_EQ(file["size"], 12);
  EXPECT_EQ(file["image"], false);
  EXPECT_EQ(file["authorId"], bot_);
  const Json message = Control("/state")["messages"][0];
  EXPECT_EQ(message["text"], "Here is the report");
  EXPECT_EQ(message["authorId"], bot_);
  EXPECT_EQ(message["params"]["FILE_ID"], Json{138});
}

TEST_F(FileTest, UploadRefusesWhatThePageSays) {
  const auto error = [&](const Json& changes) { return BotError("imbot.v2.File.upload", Fields(changes)); };
  EXPECT_EQ(error(Json{{"name", ""}}), "FILE_EMPTY");
  EXPECT_EQ(error(Json{{"content", ""}}), "FILE_EMPTY");
  EXPECT_EQ(error(Json{{"content", "data:text/plain;base64,SGVsbG8="}}), "FILE_INVALID_CONTENT");
  EXPECT_EQ(error(Json{{"content", "SGVsb"}}), "FILE_INVALID_CONTENT");
  EXPECT_EQ(BotError("imbot.v2.File.upload", Json{{"dialogId", "chat777"}, {"fields", {{"name", "a"}}}}),
            "ACCESS_DENIED");
  EXPECT_EQ(BotError("imbot.v2.File.upload", Json{{"dialogId", "chat5"}}), "100");
  ExpectIdentityErrors("imbot.v2.File.upload", Fields());
  EXPECT_EQ(Control("/messenger")["files"], Json::array());
}

// Drive that is full, or has no folder for the chat; the limit is of the text's length, before it is decoded.
TEST_F(FileTest, UploadFailsWithTheDisk) {
  const auto error = [&] { return BotError("imbot.v2.File.upload", Fields()); };
  Act(Json{{"action", "limit_disk"}, {"max_file_bytes", 11}});
  EXPECT_EQ(error(), "FILE_TOO_LARGE");
  Act(Json{{"action", "limit_disk"}, {"max_file_bytes", 12}});
  Upload();
  Act(Json{{"action", "limit_disk"}, {"free_bytes", 20}});
  Upload();
  EXPECT_EQ(error(), "FILE_UPLOAD_FAILED");
  Act(Json{{"action", "limit_disk"}, {"folders", false}});
  EXPECT_EQ(error(), "FILE_FOLDER_ERROR");
  EXPECT_EQ(Error("im.v2.File.upload", Fields()), "FILE_FOLDER_ERROR");
  BehaveAsDocumented();
  EXPECT_EQ(Error("im.v2.File.upload", Fields()), "FOLDER_ERROR") << "the user's page leaves the prefix out";
  Act(Json{{"action", "limit_disk"}, {"folders", true}});
  EXPECT_EQ(Error("im.v2.File.upload", Fields()), "UPLOAD_FAILED");
}

// The file is on Drive and the bot has gone before its message is stored.
TEST_F(FileTest, UploadWithoutAMessageFails) {
  AddFaults(Json{{"method", "imbot.v2.File.upload"}, {"kind", "hold_before"}, {"at", "after_reserve"}});
  ClientConnection connection(http());
  ASSERT_TRUE(connection.Write(
      FormatRequest("POST", Url("imbot.v2.File.upload"), Params(Fields()).dump(), "application/json")));
  AwaitHeld(1);
  Act(Json{{"action", "delete_bot"}, {"bot", bot_}});
  ASSERT_EQ(ControlPost("/release", Json::object()).status, 200);
  EXPECT_EQ(connection.ReadReply().error(), "FILE_SEND_FAILED");
  EXPECT_EQ(Control("/messenger")["files"].size(), 1U);
}

// imbot.v2/files/file-download.md; the link holds the webhook's secret (WIRE_FACTS.md 6.2).
TEST_F(FileTest, DownloadGivesASignedLink) {
  Upload(Json{{"name", "r\xC3\xA9sum\xC3\xA9.pdf"}});
  const std::string link = Link(Url("imbot.v2.File.download"), Params(Json{{"fileId", 138}}));
  const std::string target = Target(link);
  const std::string start = "/rest/1/simulator/download.json?token=imbot%7C";
  ASSERT_EQ(target.substr(0, start.size()), start);
  const Reply reply = GetUrl(http(), target);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "Hello World!");
  EXPECT_EQ(FindHeader(reply.headers, "Content-Disposition"), "attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf");
  EXPECT_NE(Link(Url("imbot.v2.File.download"), Params(Json{{"fileId", 138}})), link) << "made anew each time";
}

TEST_F(FileTest, ALinkIsGoodForOneFileAndOneCredential) {
  Upload();
  const std::string target = Target(Link(Url("imbot.v2.File.download"), Params(Json{{"fileId", 138}})));
  std::string forged = target;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(GetUrl(http(), forged).status, 403);
  EXPECT_EQ(GetUrl(http(), "/rest/1/simulator/download.json?token=imbot%7Cx").error(), "ACCESS_DENIED");
  ASSERT_EQ(ControlPost("/webhooks", Json{{"user", 1}, {"code", "other"}}).status, 200);
  std::string other = target;
  other.replace(other.find("simulator"), std::string("simulator").size(), "other");
  EXPECT_EQ(GetUrl(http(), other).status, 403);
  EXPECT_EQ(GetUrl(http(), "/rest/download.json" + target.substr(target.find('?'))).status, 403);
}

TEST_F(FileTest, DownloadRefusesWhatThePageSays) {
  const char* const method = "imbot.v2.File.download";
  EXPECT_EQ(BotError(method, Json{{"fileId", 138}}), "FILE_NOT_FOUND");
  const Json chat = Act(Json{{"action", "create_chat"}, {"title", "Others"}});
  Act(Json{
      {"action", "message"}, {"dialogId", chat["dialogId"]}, {"files", {{{"name", "a.png"}, {"content", kHello}}}}});
  EXPECT_EQ(BotError(method, Json{{"fileId", 138}}), "FILE_ACCESS_ERROR");
  EXPECT_EQ(BotError(method, Json::object()), "100");
  ExpectIdentityErrors(method, Json{{"fileId", 138}});
}

TEST_F(FileTest, AnAccessTokenGoesIntoTheLinkInstead) {
  ASSERT_EQ(ControlPost("/tokens", Json{{"token", "secret-token"}, {"client_id", "app.1"}, {"user", 1}}).status, 200);
  Json upload = Fields();
  upload["auth"] = "secret-token";
  const Json id = PostJson(http(), "/rest/im.v2.File.upload", upload).json()["result"]["file"]["id"];
  const std::string target =
      Target(Link("/rest/im.v2.File.download", Json{{"auth", "secret-token"}, {"dialogId", "chat5"}, {"fileId", id}}));
  const std::string start = "/rest/download.json?auth=secret-token&token=im%7C";
  ASSERT_EQ(target.substr(0, start.size()), start);
  EXPECT_EQ(GetUrl(http(), target).body, "Hello World!");
}

// The page shows a link without a credential of its own.
TEST_F(FileTest, TheDocumentedLinkCarriesTheTokenAlone) {
  BehaveAsDocumented();
  Upload();
  const std::string target = Target(Link(Url("imbot.v2.File.download"), Params(Json{{"fileId", 138}})));
  const std::string start = "/rest/download.json?token=imbot%7C";
  ASSERT_EQ(target.substr(0, start.size()), start);
  EXPECT_EQ(GetUrl(http(), target).body, "Hello World!");
}

// A link is a secret, and a file is not worth keeping twice.
TEST_F(FileTest, TheLedgerKeepsNeitherLinkNorFile) {
  const std::string large(300 * 1024, 'A');
  Upload(Json{{"content", large}});
  Link(Url("imbot.v2.File.download"), Params(Json{{"fileId", 138}}));
  const Json executed = Control("/ledger")["executed"];
  const std::string text = executed.dump();
  EXPECT_EQ(text.find("simulator"), std::string::npos);
  EXPECT_EQ(text.find("token=imbot"), std::string::npos);
  EXPECT_LT(text.size(), 10'000U);
}

// im.v2/files/file-upload.md: example and reply.
TEST_F(FileTest, UserUploadAnswersWithTheDocumentedObject) {
  const Json result = Result("im.v2.File.upload", Fields());
  EXPECT_EQ(result["dialogId"], "chat5");
  EXPECT_EQ(result["messageId"], 789);
  const Json& file = result["file"];
  ExpectKeys(file, {"id",          "chatId",     "date",        "type",        "name",     "extension",
                    "size",        "image",      "status",      "progress",    "authorId", "authorName",
                    "urlPreview",  "urlShow",    "urlDownload", "viewerAttrs", "mediaUrl", "isTranscribable",
                    "isVideoNote", "isVoiceNote"});
  EXPECT_EQ(file["status"], "done");
  EXPECT_EQ(file["progress"], 100);
  EXPECT_EQ(file["authorId"], 1);
  EXPECT_EQ(file["viewerAttrs"]["objectId"], "138");
  EXPECT_EQ(Control("/state")["messages"][0]["authorId"], 1);
}

// im.v2/files/file-upload.md and file-download.md: errors.
TEST_F(FileTest, UserMethodsRefuseWhatThePagesSay) {
  ASSERT_EQ(ControlPost("/webhooks", Json{{"user", 2}, {"code", "two"}}).status, 200);
  const Json chat = Act(Json{{"action", "create_chat"}, {"title", "Others"}});
  const auto by_two = [&](const std::string& method, const Json& params) {
    return PostJson(http(), "/rest/2/two/" + method, params).error();
  };
  Json upload = Fields();
  upload["dialogId"] = "chat777";
  EXPECT_EQ(Error("im.v2.File.upload", upload), "CHAT_NOT_FOUND");
  upload["dialogId"] = chat["dialogId"];
  EXPECT_EQ(by_two("im.v2.File.upload", upload), "ACCESS_DENIED");
  const Json id = Result("im.v2.File.upload", upload)["file"]["id"];
  EXPECT_EQ(Error("im.v2.File.upload", Fields(Json{{"name", ""}})), "FILE_EMPTY");
  EXPECT_EQ(Error("im.v2.File.upload", Fields(Json{{"content", "?"}})), "FILE_INVALID_CONTENT");

  EXPECT_EQ(by_two("im.v2.File.download", Json{{"dialogId", chat["dialogId"]}, {"fileId", id}}), "ACCESS_DENIED");
  EXPECT_EQ(by_two("im.v2.File.download", Json{{"dialogId", "chat5"}, {"fileId", id}}), "FILE_ACCESS_ERROR");
  EXPECT_EQ(by_two("im.v2.File.download", Json{{"dialogId", "chat5"}, {"fileId", 7}}), "FILE_NOT_FOUND");
  EXPECT_EQ(Error("im.v2.File.upload", Json{{"dialogId", "chat5"}}), "100");
  BehaveAsDocumented();
  EXPECT_EQ(by_two("im.v2.File.download", Json{{"dialogId", "chat5"}, {"fileId", id}}), "ACCESS_DENIED");
  EXPECT_EQ(by_two("im.v2.File.download", Json{{"fileId", id}}), "100");
  Act(Json{{"action", "limit_disk"}, {"max_file_bytes", 1}});
  EXPECT_EQ(Error("im.v2.File.upload", Fields()), "FILE_TOO_LARGE");
}

TEST_F(FileTest, PicturesTellTheirSize) {
  constexpr char kPng[] =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
  const Json file = Upload(Json{{"name", "Dot.PNG"}, {"content", kPng}})["file"];
  EXPECT_EQ(file["type"], "image");
  EXPECT_EQ(file["extension"], "png");
  EXPECT_EQ(file["image"], (Json{{"height", 1}, {"width", 1}}));
}

// PHP's base64_decode in strict mode.
TEST(Base64, DecodesAsPhpDoes) {
  EXPECT_EQ(Base64DecodeStrict("SGk="), "Hi");
  EXPECT_EQ(Base64DecodeStrict("SGk"), "Hi") << "padding may be left out";
  EXPECT_EQ(Base64DecodeStrict("SG\r\nk ="), "Hi");
  EXPECT_EQ(Base64DecodeStrict(""), "");
  EXPECT_EQ(Base64DecodeStrict("/+8A"), std::string("\xFF\xEF\0", 3));
  for (const char* wrong : {"S", "SGk==", "SG=k", "SG*k", "=", "SGk====", "_-8A"})
    EXPECT_EQ(Base64DecodeStrict(wrong), std::nullopt) << wrong;
  EXPECT_EQ(Base64Encode("Hello World!"), kHello);
  EXPECT_EQ(Base64Encode("Hi"), "SGk=");
}

}  // namespace
}  // namespace simulator
