// CBOR, attestation and client assertion from an unknown peer: what is read is bounded, and a map has each key once.
#include "access/cbor.hpp"
#include "access/client_assertion.hpp"
#include "access/webauthn.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace {

using qiao::access::cbor::Value;

/// Items of a value, which may be no more than the bytes it came from; each key of a map once.
std::size_t count(const Value& value) {
    std::size_t items = 1;
    for (const auto& one : value.items) items += count(one);
    std::set<std::tuple<Value::Kind, std::int64_t, std::string>> keys;
    for (const auto& [key, member] : value.members) {
        if (!keys.insert({key.kind, key.number, key.data}).second) std::abort();
        items += count(key) + count(member);
    }
    return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::access;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto item = cbor::parse(bytes)) {
        if (item->size > size || count(item->value) > item->size) std::abort();
        (void)PublicKey::from_cose(item->value);
    }
    (void)claimed_client(bytes);
    try {
        (void)webauthn::read_registration(R"({"type":"webauthn.create","challenge":"a","origin":"https://q"})", bytes, {.challenge = "a", .host = "q"});
    } catch (const qiao::Error&) {
        return 0;
    }
    return 0;
}
