# Turns the file INPUT into a C++ array in OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <cstddef>\nnamespace imbot::contract {\nextern const unsigned char kDescriptorSet[];\nextern const std::size_t kDescriptorSetSize;\nconst unsigned char kDescriptorSet[] = {\n${bytes}};\nconst std::size_t kDescriptorSetSize = sizeof(kDescriptorSet);\n}\n")
