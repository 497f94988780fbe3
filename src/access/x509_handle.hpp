#pragma once

#include "base/freed.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Handles and small steps of OpenSSL that the files about certificates share; nobody outside them includes this. Any thread.
namespace qiao::access::x509 {

using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BnPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using MdPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

inline const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
inline unsigned char* out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// Error(internal, "signing.openssl").
void require(bool fine, const char* what);
/// The first certificate of a PEM text; null when there is none. One that SM2 signed knows the signer's name for SM2.
X509Ptr read_certificate(std::string_view pem);
/// All of them, at most `limit` + 1.
std::vector<X509Ptr> read_all_certificates(std::string_view pem, std::size_t limit);
std::string pem_of(X509* certificate);
std::string text_of(BIO* bio);
/// O, CN and serialNumber, each shortened to what X.520 allows.
void fill_name(X509_NAME* name, const std::string& organisation, const std::string& common_name, const std::string& serial_number);

bool is_sm2(const EVP_PKEY* key);
/// Contexts with the digest of the key: SHA-256, or SM3 with the name "1234567812345678" that GM/T 0009 gives a signer.
MdPtr signing_context(EVP_PKEY* key);
MdPtr verifying_context(EVP_PKEY* key);

}  // namespace qiao::access::x509
