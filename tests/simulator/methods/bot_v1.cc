#include "tests/simulator/methods/methods.h"
#include "tests/simulator/rest/registry.h"
namespace simulator {
void RegisterBotV1(Registry*) {}
}  // namespace simulator
