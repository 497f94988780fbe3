#include "access/recovery_code.hpp"

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <cstdint>

namespace qiao::access::recovery {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's: no I, L, O, U
constexpr int kGroups = 3;
constexpr int kGroup_characters = 4;

}  // namespace

std::string random_code(int length) {
    std::string code;
    for (const char byte : random_bytes(static_cast<std::size_t>(length))) code += kAlphabet[static_cast<unsigned char>(byte) % kAlphabet.size()];
    return code;
}

std::vector<std::string> new_codes() {
    std::vector<std::string> codes;
    for (int i = 0; i < kCodes; ++i) {
        std::string code = random_code(kGroup_characters);
        for (int group = 1; group < kGroups; ++group) code += "-" + random_code(kGroup_characters);
        codes.push_back(std::move(code));
    }
    return codes;
}

std::string normal(std::string_view typed) {
    std::string code;
    if (typed.size() > 64) return code;
    for (char c : typed) {
        if (c == '-' || c == ' ') continue;
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == 'O') c = '0';
        if (c == 'I' || c == 'L') c = '1';
        if (kAlphabet.find(c) == std::string_view::npos) return {};
        code += c;
    }
    return code;
}

std::string kept(std::string_view master_key, std::int64_t person, std::string_view normal_code) {
    const std::string key = hmac_sha256(master_key, "qiao-recovery-code-1");
    return to_hex(hmac_sha256(key, std::to_string(person) + ":" + std::string(normal_code)));
}

}  // namespace qiao::access::recovery
