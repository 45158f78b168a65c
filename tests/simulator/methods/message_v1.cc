#include "tests/simulator/methods/methods.h"
#include "tests/simulator/rest/registry.h"
namespace simulator {
void RegisterMessageV1(Registry*) {}
}  // namespace simulator
