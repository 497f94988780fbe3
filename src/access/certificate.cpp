#include "access/certificate.hpp"

#include "access/x509_handle.hpp"
#include "base/error.hpp"
#include "base/id.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace qiao::access {

using namespace x509;

namespace {

constexpr int kNonce_bytes = 12;
constexpr int kTag_bytes = 16;
constexpr std::size_t kMasterKey_bytes = 32;
constexpr int kCoordinate_bytes = 32;

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "certificate extension");
}

void set_time(ASN1_TIME* field, Instant instant) {
    require(ASN1_TIME_adj(field, static_cast<std::time_t>(to_us(instant) / 1'000'000), 0, 0) != nullptr, "certificate time");
}

void set_serial(X509* certificate, std::string_view hex) {
    BIGNUM* number = nullptr;
    require(BN_hex2bn(&number, std::string(hex).c_str()) > 0, "serial number");
    const BnPtr owned(number);
    require(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr, "serial number");
}

}  // namespace

struct Key::State {
    PkeyPtr key;
};

std::string_view code_of(KeyAlgorithm algorithm) { return algorithm == KeyAlgorithm::sm2 ? "sm2" : "p256"; }

std::optional<KeyAlgorithm> key_algorithm_of(std::string_view code) {
    if (code == "p256") return KeyAlgorithm::p256;
    if (code == "sm2") return KeyAlgorithm::sm2;
    return std::nullopt;
}

Key Key::make(KeyAlgorithm algorithm) {
    auto state = std::make_shared<State>();
    state->key.reset(algorithm == KeyAlgorithm::sm2 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2") : EVP_EC_gen("P-256"));
    require(state->key != nullptr, "key generation");
    return Key(std::move(state));
}

Key Key::from_der(std::string_view der) {
    auto state = std::make_shared<State>();
    const unsigned char* at = in(der);
    state->key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
    if (!state->key) throw Error(ErrorKind::internal, "signing.bad_key", "a kept signing key cannot be read");
    return Key(std::move(state));
}

std::string Key::to_der() const {
    using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<PKCS8_PRIV_KEY_INFO_free>>;
    const InfoPtr info(EVP_PKEY2PKCS8(state_->key.get()));
    unsigned char* bytes = nullptr;
    const int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &bytes) : 0;
    require(length > 0, "key encoding");
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    OPENSSL_clear_free(bytes, static_cast<std::size_t>(length));
    return der;
}

KeyAlgorithm Key::algorithm() const { return is_sm2(state_->key.get()) ? KeyAlgorithm::sm2 : KeyAlgorithm::p256; }

std::string Key::sign(std::string_view bytes) const {
    const MdPtr context = signing_context(state_->key.get());
    std::size_t length = 0;
    require(context && EVP_DigestSign(context.get(), nullptr, &length, in(bytes), bytes.size()) == 1, "signing");
    std::string signature(length, '\0');
    require(EVP_DigestSign(context.get(), out(signature), &length, in(bytes), bytes.size()) == 1, "signing");
    signature.resize(length);
    return signature;
}

std::string make_request(const Key& key, const Subject& subject) {
    const RequestPtr request(X509_REQ_new());
    require(request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1, "request");
    fill_name(X509_REQ_get_subject_name(request.get()), subject.organisation, subject.common_name, subject.serial_number);
    require(X509_REQ_set_pubkey(request.get(), key.state().key.get()) == 1, "public key");
    const MdPtr context = signing_context(key.state().key.get());
    require(context && X509_REQ_sign_ctx(request.get(), context.get()) > 0, "request signature");
    const BioPtr bio(BIO_new(BIO_s_mem()));
    require(bio && PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1, "request text");
    return text_of(bio.get());
}

bool has_key(std::string_view certificate_pem, const Key& key) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    const bool same = certificate && EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), key.state().key.get()) == 1;
    ERR_clear_error();
    return same;
}

std::string make_certificate(const Key& subject_key, const Subject& subject, const Key& issuer_key, std::string_view issuer_pem, std::string_view serial_hex,
                             Instant from, Instant until) {
    const X509Ptr issuer = issuer_pem.empty() ? nullptr : read_certificate(issuer_pem);
    const X509Ptr made(X509_new());
    X509* certificate = made.get();
    require(certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1, "certificate");
    set_serial(certificate, serial_hex);
    set_time(X509_getm_notBefore(certificate), from);
    set_time(X509_getm_notAfter(certificate), until);
    X509_NAME* name = X509_get_subject_name(certificate);
    fill_name(name, subject.organisation, subject.common_name, subject.serial_number);
    require(X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer.get()) : name) == 1, "issuer");
    require(X509_set_pubkey(certificate, subject_key.state().key.get()) == 1, "public key");
    X509* signer = issuer ? issuer.get() : certificate;
    add_extension(certificate, signer, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, signer, NID_key_usage, issuer ? "critical,digitalSignature,nonRepudiation" : "critical,keyCertSign,cRLSign");
    add_extension(certificate, signer, NID_subject_key_identifier, "hash");
    if (issuer) add_extension(certificate, signer, NID_authority_key_identifier, "keyid:always");
    const MdPtr context = signing_context(issuer_key.state().key.get());
    require(context && X509_sign_ctx(certificate, context.get()) > 0, "certificate signature");
    return pem_of(certificate);
}

bool uses_sm2(std::string_view certificate_pem) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    return certificate && is_sm2(X509_get0_pubkey(certificate.get()));
}

std::string serial_of(std::string_view certificate_pem) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    if (!certificate) return {};
    const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
    char* hex = number ? BN_bn2hex(number.get()) : nullptr;
    std::string text = hex != nullptr ? hex : "";
    OPENSSL_free(hex);
    return text;
}

Instant expiry_of(std::string_view certificate_pem) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    std::tm time{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) return Instant{};
    return from_us(static_cast<std::int64_t>(::timegm(&time)) * 1'000'000);
}

bool is_signature(std::string_view bytes, std::string_view der, std::string_view certificate_pem) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    if (!certificate) return false;
    const MdPtr context = verifying_context(X509_get0_pubkey(certificate.get()));
    const bool right = context && EVP_DigestVerify(context.get(), in(der), der.size(), in(bytes), bytes.size()) == 1;
    ERR_clear_error();
    return right;
}

std::string raw_signature(std::string_view der) {
    const unsigned char* at = in(der);
    const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    require(signature != nullptr, "signature form");
    std::string raw(2 * static_cast<std::size_t>(kCoordinate_bytes), '\0');
    require(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out(raw), kCoordinate_bytes) == kCoordinate_bytes, "signature form");
    require(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out(raw) + kCoordinate_bytes, kCoordinate_bytes) == kCoordinate_bytes, "signature form");
    return raw;
}

std::string wrap(std::string_view master_key, std::string_view label, std::string_view secret) {
    require(master_key.size() == kMasterKey_bytes, "master key");
    std::string nonce = random_bytes(kNonce_bytes);
    std::string sealed(secret.size(), '\0');
    std::string tag(kTag_bytes, '\0');
    const CipherPtr context(EVP_CIPHER_CTX_new());
    int length = 0;
    require(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(master_key), in(nonce)) == 1, "sealing");
    require(EVP_EncryptUpdate(context.get(), nullptr, &length, in(label), static_cast<int>(label.size())) == 1, "sealing");
    require(EVP_EncryptUpdate(context.get(), out(sealed), &length, in(secret), static_cast<int>(secret.size())) == 1, "sealing");
    require(EVP_EncryptFinal_ex(context.get(), out(sealed) + length, &length) == 1, "sealing");
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag_bytes, tag.data()) == 1, "sealing");
    return nonce + sealed + tag;
}

std::string unwrap(std::string_view master_key, std::string_view label, std::string_view wrapped) {
    require(master_key.size() == kMasterKey_bytes && wrapped.size() > static_cast<std::size_t>(kNonce_bytes + kTag_bytes), "master key");
    const std::string_view nonce = wrapped.substr(0, kNonce_bytes);
    const std::string_view sealed = wrapped.substr(kNonce_bytes, wrapped.size() - kNonce_bytes - kTag_bytes);
    std::string tag(wrapped.substr(wrapped.size() - kTag_bytes));
    std::string secret(sealed.size(), '\0');
    const CipherPtr context(EVP_CIPHER_CTX_new());
    int length = 0;
    require(context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(master_key), in(nonce)) == 1, "opening");
    require(EVP_DecryptUpdate(context.get(), nullptr, &length, in(label), static_cast<int>(label.size())) == 1, "opening");
    require(EVP_DecryptUpdate(context.get(), out(secret), &length, in(sealed), static_cast<int>(sealed.size())) == 1, "opening");
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTag_bytes, tag.data()) == 1, "opening");
    if (EVP_DecryptFinal_ex(context.get(), out(secret) + length, &length) != 1) {
        ERR_clear_error();
        throw Error(ErrorKind::internal, "signing.bad_master_key", "master.key is not the one that this data folder was made with");
    }
    return secret;
}

}  // namespace qiao::access
