#include "access/x509_handle.hpp"

#include "base/error.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace qiao::access::x509 {
namespace {

constexpr std::string_view kSm2Name = "1234567812345678";  // GM/T 0009-2012 chapter 10

/// X.520 limits a common name to 64 characters.
std::string shortened(const std::string& text) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && ++characters > 64) return text.substr(0, i);
    }
    return text;
}

void add_name(X509_NAME* name, const char* field, const std::string& value) {
    if (value.empty()) return;
    require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, in(value), static_cast<int>(value.size()), -1, 0) == 1, field);
}

void name_signer(X509* certificate) {
    if (X509_get_signature_nid(certificate) != NID_SM2_with_SM3) return;
    ASN1_OCTET_STRING* name = ASN1_OCTET_STRING_new();
    require(name != nullptr && ASN1_OCTET_STRING_set(name, in(kSm2Name), static_cast<int>(kSm2Name.size())) == 1, "name for SM2");
    X509_set0_distinguishing_id(certificate, name);
}

MdPtr context_of(EVP_PKEY* key, bool signs) {
    MdPtr context(EVP_MD_CTX_new());
    const bool sm2 = is_sm2(key);
    const auto init = signs ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex;
    bool fine = context && init(context.get(), nullptr, sm2 ? "SM3" : "SHA256", nullptr, nullptr, key, nullptr) == 1;
    // Afterwards: OpenSSL 3.0.19 refuses it as a parameter of the initialisation.
    if (fine && sm2) fine = EVP_PKEY_CTX_set1_id(EVP_MD_CTX_get_pkey_ctx(context.get()), kSm2Name.data(), static_cast<int>(kSm2Name.size())) == 1;
    if (!fine) context.reset();
    return context;
}

}  // namespace

void require(bool fine, const char* what) {
    if (!fine) throw Error(ErrorKind::internal, "signing.openssl", what);
}

X509Ptr read_certificate(std::string_view pem) {
    auto all = read_all_certificates(pem, 0);
    return all.empty() ? nullptr : std::move(all.front());
}

std::vector<X509Ptr> read_all_certificates(std::string_view pem, std::size_t limit) {
    std::vector<X509Ptr> all;
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    while (bio && all.size() <= limit) {
        X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        name_signer(certificate.get());
        all.push_back(std::move(certificate));
    }
    ERR_clear_error();
    return all;
}

std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long length = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(length)};
}

std::string pem_of(X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    require(bio && PEM_write_bio_X509(bio.get(), certificate) == 1, "certificate text");
    return text_of(bio.get());
}

void fill_name(X509_NAME* name, const std::string& organisation, const std::string& common_name, const std::string& serial_number) {
    add_name(name, "O", shortened(organisation));
    add_name(name, "CN", shortened(common_name));
    add_name(name, "serialNumber", serial_number);
}

bool is_sm2(const EVP_PKEY* key) {
    std::array<char, 32> group{};
    std::size_t length = 0;
    return key != nullptr && EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 && std::string_view(group.data(), length) == "SM2";
}

MdPtr signing_context(EVP_PKEY* key) { return context_of(key, true); }
MdPtr verifying_context(EVP_PKEY* key) { return context_of(key, false); }

}  // namespace qiao::access::x509
