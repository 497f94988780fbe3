#include "exchange/assertion_key.hpp"

#include "base/error.hpp"
#include "base/freed.hpp"
#include "base/id.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <array>

namespace qiao::exchange {
namespace {

using namespace std::chrono_literals;
using json::Value;

constexpr std::size_t kCoordinate_bytes = 32;

using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

void require(bool done, const char* what) {
    if (!done) throw Error(ErrorKind::invalid, "exchange.bad_key", std::string("the key: ") + what);
}

std::string fixed(const BIGNUM* number) {
    std::string bytes(kCoordinate_bytes, '\0');
    require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()), "size");
    return bytes;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    require(EVP_PKEY_get_bn_param(key, name, &number) == 1, "public half");
    const NumberPtr owned(number);
    return fixed(number);
}

}  // namespace

struct AssertionKey::State {
    std::string name;
    KeyPtr key;
};

AssertionKey AssertionKey::open(const std::string& path, std::string name) {
    auto state = std::make_shared<State>();
    state->name = std::move(name);
    if (::access(path.c_str(), F_OK) == 0) {
        const std::string text = storage::read_file(path);
        const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
        state->key.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
        require(state->key && EVP_PKEY_is_a(state->key.get(), "EC") == 1, "not a P-256 key");
        return AssertionKey(std::move(state));
    }
    state->key.reset(EVP_EC_gen("P-256"));
    const BioPtr bio(BIO_new(BIO_s_mem()));
    require(state->key && bio && PEM_write_bio_PrivateKey(bio.get(), state->key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "cannot be made");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    storage::write_file_durably(path, std::string_view(text, static_cast<std::size_t>(size)), 0600);
    return AssertionKey(std::move(state));
}

std::string AssertionKey::jwks() const {
    Value key;
    key.set("kty", "EC");
    key.set("crv", "P-256");
    key.set("use", "sig");
    key.set("alg", "ES256");
    key.set("kid", state_->name);
    key.set("x", to_base64url(coordinate(state_->key.get(), OSSL_PKEY_PARAM_EC_PUB_X)));
    key.set("y", to_base64url(coordinate(state_->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y)));
    return Value::object({{"keys", Value::array({std::move(key)})}}).dump();
}

std::string AssertionKey::assertion(std::string_view client, std::string_view audience, Instant now) const {
    const auto seconds = [](Instant at) { return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count(); };
    const Value head = Value::object({{"alg", "ES256"}, {"typ", "JWT"}, {"kid", state_->name}});
    Value claims;
    claims.set("iss", client);
    claims.set("sub", client);
    claims.set("aud", audience);
    claims.set("jti", new_random_uuid());
    claims.set("iat", std::int64_t{seconds(now)});
    claims.set("exp", std::int64_t{seconds(now + 60s)});
    const std::string text = to_base64url(head.dump()) + "." + to_base64url(claims.dump());
    const DigestPtr context(EVP_MD_CTX_new());
    std::array<unsigned char, 128> der{};
    std::size_t size = der.size();
    require(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
                EVP_DigestSign(context.get(), der.data(), &size, reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1,
            "does not sign");
    const unsigned char* at = der.data();
    const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
    require(signature != nullptr, "does not sign");
    return text + "." + to_base64url(fixed(ECDSA_SIG_get0_r(signature.get())) + fixed(ECDSA_SIG_get0_s(signature.get())));
}

}  // namespace qiao::exchange
