// Methods that belong to no bot.
#include "tests/simulator/methods/methods.h"
#include "tests/simulator/rest/registry.h"

namespace simulator {
namespace {

MethodResult ServerTime(Call& call) {
  return Json(IsoDate(call.portal().Now()));
}

MethodResult RevisionGet(Call& call) {
  Json revision = Json::object();
  revision["rest"] = call.portal().options().revision;
  revision["web"] = 130;
  revision["mobile"] = 23;
  revision["desktop"] = 6;
  return revision;
}

}  // namespace

void RegisterServerMethods(Registry* registry) {
  registry->Add("server.time", "", ServerTime);
  registry->Add("imbot.v2.Revision.get", "imbot", RevisionGet);
}

}  // namespace simulator
