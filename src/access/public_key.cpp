#include "access/public_key.hpp"

#include "base/freed.hpp"
#include "base/text.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace qiao::access {
namespace {

using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using BnPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using MdPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr std::size_t kCoordinate_bytes = 32;
constexpr std::size_t kEd25519_bytes = 32;
constexpr int kRsaLeast_bits = 2048;
constexpr int kRsaMost_bits = 8192;

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

PkeyPtr from_params(const char* type, const OSSL_PARAM* params) {
    const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (context && EVP_PKEY_fromdata_init(context.get()) == 1) EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params));
    ERR_clear_error();
    return PkeyPtr(key);
}

PkeyPtr ec_key(std::string_view x, std::string_view y) {
    if (x.size() != kCoordinate_bytes || y.size() != kCoordinate_bytes) return nullptr;
    std::string point = "\x04" + std::string(x) + std::string(y);
    char group[] = "prime256v1";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                                 OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()), OSSL_PARAM_construct_end()};
    return from_params("EC", params);
}

PkeyPtr rsa_key(std::string_view n, std::string_view e) {
    if (n.empty() || n.size() > kRsaMost_bits / 8 + 1 || e.empty() || e.size() > 8) return nullptr;
    const BnPtr modulus(BN_bin2bn(in(n), static_cast<int>(n.size()), nullptr));
    const BnPtr exponent(BN_bin2bn(in(e), static_cast<int>(e.size()), nullptr));
    const BuilderPtr builder(OSSL_PARAM_BLD_new());
    if (!modulus || !exponent || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
        return nullptr;
    }
    const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
    return params ? from_params("RSA", params.get()) : nullptr;
}

PkeyPtr ed_key(std::string_view x) {
    if (x.size() != kEd25519_bytes) return nullptr;
    PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, in(x), x.size()));
    ERR_clear_error();
    return key;
}

std::optional<SignatureAlgorithm> algorithm_for(EVP_PKEY* key) {
    const int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_ED25519) return SignatureAlgorithm::eddsa;
    if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kRsaLeast_bits && EVP_PKEY_get_bits(key) <= kRsaMost_bits) return SignatureAlgorithm::rs256;
    char group[32] = {};
    std::size_t length = 0;
    if (type == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 && std::string_view(group, length) == "prime256v1") {
        return SignatureAlgorithm::es256;
    }
    return std::nullopt;
}

std::string der_of_raw(std::string_view raw) {
    if (raw.size() != 2 * kCoordinate_bytes) return {};
    BnPtr r(BN_bin2bn(in(raw), kCoordinate_bytes, nullptr));
    BnPtr s(BN_bin2bn(in(raw) + kCoordinate_bytes, kCoordinate_bytes, nullptr));
    const SignaturePtr signature(ECDSA_SIG_new());
    if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release()), static_cast<void>(s.release());  // owned by the signature now
    unsigned char* bytes = nullptr;
    const int length = i2d_ECDSA_SIG(signature.get(), &bytes);
    if (length <= 0) return {};
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    OPENSSL_free(bytes);
    return der;
}

}  // namespace

struct PublicKey::State {
    PkeyPtr key;
};

std::string_view name_of(SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::es256: return "ES256";
        case SignatureAlgorithm::rs256: return "RS256";
        case SignatureAlgorithm::eddsa: return "EdDSA";
        case SignatureAlgorithm::ps256: return "PS256";
    }
    return "";
}

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) {
    for (const auto one : {SignatureAlgorithm::es256, SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa, SignatureAlgorithm::ps256}) {
        if (name_of(one) == name) return one;
    }
    return std::nullopt;
}

std::optional<PublicKey> PublicKey::of(std::shared_ptr<const State> state) {
    if (!state->key) return std::nullopt;
    const auto algorithm = algorithm_for(state->key.get());
    if (!algorithm) return std::nullopt;
    return PublicKey(std::move(state), *algorithm);
}

std::optional<PublicKey> PublicKey::from_spki(std::string_view der) {
    auto state = std::make_shared<State>();
    const unsigned char* at = in(der);
    state->key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (at != in(der) + der.size()) return std::nullopt;
    return of(std::move(state));
}

std::optional<PublicKey> PublicKey::from_cose(const cbor::Value& key) {
    constexpr std::int64_t kType = 1, kAlgorithm = 3, kCurve = -1, kX = -2, kY = -3, kModulus = -1, kExponent = -2;
    auto state = std::make_shared<State>();
    const std::int64_t type = key.integer_at(kType, 0);
    const std::int64_t algorithm = key.integer_at(kAlgorithm, 0);
    if (type == 2 && algorithm == -7 && key.integer_at(kCurve, 0) == 1) state->key = ec_key(key.bytes_at(kX), key.bytes_at(kY));
    if (type == 3 && algorithm == -257) state->key = rsa_key(key.bytes_at(kModulus), key.bytes_at(kExponent));
    if (type == 1 && algorithm == -8 && key.integer_at(kCurve, 0) == 6) state->key = ed_key(key.bytes_at(kX));
    return of(std::move(state));
}

std::optional<PublicKey> PublicKey::from_jwk(const json::Value& key) {
    if (!key["d"].is_null() || !key["k"].is_null()) return std::nullopt;
    const auto part = [&](std::string_view name) { return from_base64(key[name].text()).value_or(std::string()); };
    auto state = std::make_shared<State>();
    const std::string& type = key["kty"].text();
    if (type == "EC" && key["crv"].text() == "P-256") state->key = ec_key(part("x"), part("y"));
    if (type == "RSA") state->key = rsa_key(part("n"), part("e"));
    if (type == "OKP" && key["crv"].text() == "Ed25519") state->key = ed_key(part("x"));
    auto made = of(std::move(state));
    if (made && key["alg"].text() == name_of(SignatureAlgorithm::ps256)) return made->for_pss();
    if (made && !key["alg"].is_null() && key["alg"].text() != name_of(made->algorithm())) return std::nullopt;
    return made;
}

std::string PublicKey::to_spki() const {
    unsigned char* bytes = nullptr;
    const int length = i2d_PUBKEY(state_->key.get(), &bytes);
    if (length <= 0) return {};
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    OPENSSL_free(bytes);
    return der;
}

std::optional<PublicKey> PublicKey::for_pss() const {
    if (algorithm_ != SignatureAlgorithm::rs256 && algorithm_ != SignatureAlgorithm::ps256) return std::nullopt;
    return PublicKey(state_, SignatureAlgorithm::ps256);
}

bool PublicKey::verifies(std::string_view bytes, std::string_view signature) const {
    const MdPtr context(EVP_MD_CTX_new());
    const EVP_MD* digest = algorithm_ == SignatureAlgorithm::eddsa ? nullptr : EVP_sha256();
    EVP_PKEY_CTX* padding = nullptr;  // belongs to the context
    bool right = context && EVP_DigestVerifyInit(context.get(), &padding, digest, nullptr, state_->key.get()) == 1;
    if (right && algorithm_ == SignatureAlgorithm::ps256) {  // RFC 7518 3.5: MGF1 with the same hash, a salt as long as it
        right = EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    right = right && EVP_DigestVerify(context.get(), in(signature), signature.size(), in(bytes), bytes.size()) == 1;
    ERR_clear_error();
    return right;
}

bool PublicKey::verifies_raw(std::string_view bytes, std::string_view signature) const {
    return verifies(bytes, algorithm_ == SignatureAlgorithm::es256 ? der_of_raw(signature) : std::string(signature));
}

}  // namespace qiao::access
