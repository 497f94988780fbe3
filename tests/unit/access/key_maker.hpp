#pragma once

#include "base/digest.hpp"
#include "base/text.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

/// Keys that sign, for tests: what a security key, a phone or another system holds. One thread.
namespace qiao::access::testing {

struct PkeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

class KeyMaker {
public:
    static KeyMaker p256() { return KeyMaker(EVP_EC_gen("P-256")); }
    static KeyMaker p384() { return KeyMaker(EVP_EC_gen("P-384")); }
    static KeyMaker rsa(unsigned bits = 2048) { return KeyMaker(EVP_RSA_gen(bits)); }
    static KeyMaker ed25519() { return KeyMaker(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

    [[nodiscard]] std::string spki() const {
        unsigned char* bytes = nullptr;
        const int length = i2d_PUBKEY(key_.get(), &bytes);
        std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
        OPENSSL_free(bytes);
        return der;
    }
    [[nodiscard]] std::string sign(std::string_view bytes) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        const bool ed = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519;
        EVP_DigestSignInit(context, nullptr, ed ? nullptr : EVP_sha256(), nullptr, key_.get());
        std::size_t length = 512;
        std::string signature(length, '\0');
        const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, data, bytes.size());
        EVP_MD_CTX_free(context);
        signature.resize(length);
        return signature;
    }
    /// RSASSA-PSS with SHA-256 and a salt as long as it.
    [[nodiscard]] std::string sign_pss(std::string_view bytes) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_PKEY_CTX* padding = nullptr;
        EVP_DigestSignInit(context, &padding, EVP_sha256(), nullptr, key_.get());
        EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST);
        std::size_t length = 512;
        std::string signature(length, '\0');
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        EVP_MD_CTX_free(context);
        signature.resize(length);
        return signature;
    }
    /// r and s, as JWS and WebCrypto have them.
    [[nodiscard]] std::string sign_raw(std::string_view bytes) const {
        const std::string der = sign(bytes);
        const auto* at = reinterpret_cast<const unsigned char*>(der.data());
        ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
        std::string raw(64, '\0');
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<unsigned char*>(raw.data()), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
        ECDSA_SIG_free(signature);
        return raw;
    }
    [[nodiscard]] std::string number(const char* name) const {
        BIGNUM* number = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &number);
        std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
        BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
        BN_free(number);
        return bytes;
    }
    /// x and y of a P-256 key, 32 bytes each.
    [[nodiscard]] std::string point() const { const auto der = spki(); return der.substr(der.size() - 64); }
    /// The 32 bytes of an Ed25519 key.
    [[nodiscard]] std::string raw32() const { const auto der = spki(); return der.substr(der.size() - 32); }

private:
    explicit KeyMaker(EVP_PKEY* key) : key_(key) {}
    std::unique_ptr<EVP_PKEY, PkeyFree> key_;
};

/// The few forms of CBOR that an authenticator writes.
inline std::string cbor_head(unsigned major, std::size_t value) {
    const auto byte = [](std::size_t number) { return static_cast<char>(static_cast<unsigned char>(number)); };
    if (value < 24) return {byte((major << 5U) | value)};
    if (value < 256) return {byte((major << 5U) | 24U), byte(value)};
    return {byte((major << 5U) | 25U), byte(value >> 8U), byte(value & 0xFFU)};
}
inline std::string cbor_int(int value) { return value >= 0 ? cbor_head(0, static_cast<std::size_t>(value)) : cbor_head(1, static_cast<std::size_t>(-1 - value)); }
inline std::string cbor_bytes(std::string_view bytes) { return cbor_head(2, bytes.size()) + std::string(bytes); }
inline std::string cbor_text(std::string_view text) { return cbor_head(3, text.size()) + std::string(text); }

inline std::string cose_es256(const KeyMaker& key) {
    const std::string point = key.point();
    return cbor_head(5, 5) + cbor_int(1) + cbor_int(2) + cbor_int(3) + cbor_int(-7) + cbor_int(-1) + cbor_int(1) + cbor_int(-2) + cbor_bytes(point.substr(0, 32)) +
           cbor_int(-3) + cbor_bytes(point.substr(32));
}
inline std::string cose_rs256(const KeyMaker& key) {
    return cbor_head(5, 4) + cbor_int(1) + cbor_int(3) + cbor_int(3) + cbor_int(-257) + cbor_int(-1) + cbor_bytes(key.number("n")) + cbor_int(-2) +
           cbor_bytes(key.number("e"));
}
inline std::string cose_eddsa(const KeyMaker& key) {
    return cbor_head(5, 4) + cbor_int(1) + cbor_int(1) + cbor_int(3) + cbor_int(-8) + cbor_int(-1) + cbor_int(6) + cbor_int(-2) + cbor_bytes(key.raw32());
}

/// A security key in memory: answers as one would, with whatever a test wants wrong.
struct SoftKey {
    KeyMaker key;
    std::string cose;
    std::string id = std::string(16, '\x07');
    std::uint32_t counter = 1;
    unsigned flags = 0x05;  ///< present and verified

    [[nodiscard]] std::string authenticator_data(std::string_view rp_id, bool with_key) const {
        std::string data = sha256(rp_id) + static_cast<char>(flags | (with_key ? 0x40U : 0U));
        for (int shift = 24; shift >= 0; shift -= 8) data += static_cast<char>((counter >> static_cast<unsigned>(shift)) & 0xFFU);
        if (!with_key) return data;
        return data + std::string(16, '\0') + static_cast<char>(id.size() >> 8U) + static_cast<char>(id.size() & 0xFFU) + id + cose;
    }
    static std::string client_data(std::string_view type, std::string_view challenge, std::string_view origin) {
        return R"({"type":")" + std::string(type) + R"(","challenge":")" + std::string(challenge) + R"(","origin":")" + std::string(origin) + R"(","crossOrigin":false})";
    }
    [[nodiscard]] std::string attestation(std::string_view rp_id, std::string_view format = "none", std::string_view client = {}) const {
        const std::string data = authenticator_data(rp_id, true);
        std::string statement = cbor_head(5, 0);
        if (format == "packed") {
            statement = cbor_head(5, 2) + cbor_text("alg") + cbor_int(-7) + cbor_text("sig") + cbor_bytes(key.sign(data + sha256(client)));
        }
        return cbor_head(5, 3) + cbor_text("fmt") + cbor_text(format) + cbor_text("attStmt") + statement + cbor_text("authData") + cbor_bytes(data);
    }
    [[nodiscard]] std::string sign(std::string_view data, std::string_view client) const { return key.sign(std::string(data) + sha256(client)); }
};

inline SoftKey soft_key() {
    KeyMaker key = KeyMaker::p256();
    std::string cose = cose_es256(key);
    return {std::move(key), std::move(cose)};
}

}  // namespace qiao::access::testing
