#include "access/certificate_chain.hpp"

#include "access/x509_handle.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace qiao::access {

using namespace x509;

namespace {

constexpr std::size_t kCertificates = 10;
constexpr int kRevokedLimit = 100'000;

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;

struct FreeText {
    void operator()(char* text) const { OPENSSL_free(text); }
};

std::string hex_of(const ASN1_INTEGER* number) {
    const BnPtr value(ASN1_INTEGER_to_BN(number, nullptr));
    const std::unique_ptr<char, FreeText> text(value ? BN_bn2hex(value.get()) : nullptr);
    return text ? text.get() : "";
}

Instant instant_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return Instant{};
    return from_us(static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000);
}

std::string line_of(const X509_NAME* name) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    constexpr unsigned long kForm = (XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) | XN_FLAG_SEP_CPLUS_SPC;
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, kForm) < 0) return {};
    return text_of(bio.get());
}

bool may_sign(X509* certificate) {
    const std::uint32_t usage = X509_get_key_usage(certificate);  // all bits when there is no such extension
    return X509_check_ca(certificate) == 0 && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

CrlPtr read_list(std::string_view bytes) {
    const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    CrlPtr list(bio && bytes.find("-----BEGIN") != std::string_view::npos ? PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)
                : bio                                                     ? d2i_X509_CRL_bio(bio.get(), nullptr)
                                                                          : nullptr);
    ERR_clear_error();
    return list;
}

/// X509_CRL_verify has no place for the signer's name that SM2 needs, so the signed part is checked by hand there.
bool is_signed_by(X509_CRL* list, X509* issuer) {
    EVP_PKEY* key = X509_get0_pubkey(issuer);
    if (key == nullptr || X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) != 0) return false;
    if (X509_check_ca(issuer) == 0 || (X509_get_key_usage(issuer) & KU_CRL_SIGN) == 0) return false;
    if (!is_sm2(key)) return X509_CRL_verify(list, key) == 1;
    const ASN1_BIT_STRING* signature = nullptr;
    X509_CRL_get0_signature(list, &signature, nullptr);
    unsigned char* bytes = nullptr;
    const int length = i2d_re_X509_CRL_tbs(list, &bytes);
    const MdPtr context = verifying_context(key);
    const bool right = context && length > 0 && signature != nullptr &&
                       EVP_DigestVerify(context.get(), ASN1_STRING_get0_data(signature), static_cast<std::size_t>(ASN1_STRING_length(signature)), bytes,
                                        static_cast<std::size_t>(length)) == 1;
    OPENSSL_free(bytes);
    return right;
}

std::string number_of(X509_CRL* list) {
    const IntegerPtr number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
    const BnPtr value(number ? ASN1_INTEGER_to_BN(number.get(), nullptr) : nullptr);
    const std::unique_ptr<char, FreeText> text(value ? BN_bn2dec(value.get()) : nullptr);
    return text ? text.get() : "";
}

}  // namespace

std::optional<CertificateFacts> facts_of(std::string_view certificate_pem) {
    const X509Ptr certificate = read_certificate(certificate_pem);
    if (!certificate) return std::nullopt;
    CertificateFacts facts;
    facts.serial = hex_of(X509_get0_serialNumber(certificate.get()));
    facts.subject = line_of(X509_get_subject_name(certificate.get()));
    facts.issuer = line_of(X509_get_issuer_name(certificate.get()));
    facts.from = instant_of(X509_get0_notBefore(certificate.get()));
    facts.until = instant_of(X509_get0_notAfter(certificate.get()));
    facts.is_authority = X509_check_ca(certificate.get()) == 1;
    facts.signs = may_sign(certificate.get());
    std::string der(static_cast<std::size_t>(std::max(0, i2d_X509(certificate.get(), nullptr))), '\0');
    unsigned char* at = out(der);
    i2d_X509(certificate.get(), &at);
    facts.fingerprint = to_hex(sha256(der));
    ERR_clear_error();
    return facts;
}

std::vector<std::string> split_certificates(std::string_view pem) {
    const auto all = read_all_certificates(pem, kCertificates);
    if (all.empty() || all.size() > kCertificates) {
        throw Error(ErrorKind::invalid, "signing.bad_certificate", "1 to 10 certificates in PEM form are expected");
    }
    std::vector<std::string> texts;
    for (const auto& one : all) texts.push_back(pem_of(one.get()));
    return texts;
}

CertificateState check_certificate(std::string_view certificate_pem, std::string_view authorities_pem, Instant at) {
    auto given = read_all_certificates(certificate_pem, kCertificates);
    const auto authorities = read_all_certificates(authorities_pem, kCertificates);
    if (given.empty() || authorities.empty() || !may_sign(given.front().get())) return CertificateState::unknown;
    const StorePtr store(X509_STORE_new());
    const StoreContextPtr context(X509_STORE_CTX_new());
    STACK_OF(X509)* between = sk_X509_new_null();
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> owned(between, [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
    require(store && context && between != nullptr, "certificate chain");
    for (const auto& one : authorities) require(X509_STORE_add_cert(store.get(), one.get()) == 1, "certificate chain");
    for (std::size_t i = 1; i < given.size(); ++i) require(sk_X509_push(between, given[i].get()) > 0, "certificate chain");
    require(X509_STORE_CTX_init(context.get(), store.get(), given.front().get(), between) == 1, "certificate chain");
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(to_us(at) / 1'000'000));
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);  // a hospital may trust its own issuing authority alone
    const bool good = X509_verify_cert(context.get()) == 1;
    const int error = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    if (good) return CertificateState::good;
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID ? CertificateState::expired : CertificateState::unknown;
}

RevocationList read_revocation_list(std::string_view bytes, std::string_view authorities_pem) {
    const CrlPtr list = read_list(bytes);
    STACK_OF(X509_REVOKED)* entries = list ? X509_CRL_get_REVOKED(list.get()) : nullptr;
    const int count = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
    if (!list || count > kRevokedLimit) throw Error(ErrorKind::invalid, "signing.bad_revocation_list", "no revocation list (CRL) in PEM or DER form");
    const auto authorities = read_all_certificates(authorities_pem, kCertificates);
    const bool ours = std::any_of(authorities.begin(), authorities.end(), [&](const X509Ptr& one) { return is_signed_by(list.get(), one.get()); });
    ERR_clear_error();
    if (!ours) throw Error(ErrorKind::invalid, "signing.revocation_list_of_another", "another authority signed this revocation list");
    RevocationList read;
    read.number = number_of(list.get());
    read.made = instant_of(X509_CRL_get0_lastUpdate(list.get()));
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get());
    read.next = next == nullptr ? Instant::max() : instant_of(next);
    for (int i = 0; i < count; ++i) {
        const X509_REVOKED* one = sk_X509_REVOKED_value(entries, i);
        read.revoked.emplace_back(hex_of(X509_REVOKED_get0_serialNumber(one)), instant_of(X509_REVOKED_get0_revocationDate(one)));
    }
    return read;
}

}  // namespace qiao::access
