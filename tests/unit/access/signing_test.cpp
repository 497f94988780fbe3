#include "access/signing.hpp"
#include "access/certificate.hpp"
#include "access/certificate_chain.hpp"
#include "access/manifest.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "house.hpp"
#include "signed_house.hpp"
#include "storage/file.hpp"

#include <sys/stat.h>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::Openssl;
using testing::Signed;

json::Value parsed(std::string_view text) { return *json::parse(text); }

TEST(Manifest, canonical_text_is_sorted_keeps_digits_and_leaves_the_servers_own_out) {
    const auto sent = parsed(R"({"resourceType":"Observation","valueQuantity":{"value":7.10,"code":"mmol/L"},"a":[{"z":1,"b":[]},"钾"]})");
    const auto kept =
        parsed(R"({"id":"7","meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z"},"a":[{"b":[],"z":1},"钾"],"resourceType":"Observation",)"
               R"("valueQuantity":{"code":"mmol/L","value":7.10}})");
    EXPECT_EQ(canonical_text(sent), R"({"a":[{"b":[],"z":1},"钾"],"resourceType":"Observation","valueQuantity":{"code":"mmol/L","value":7.10}})");
    EXPECT_EQ(canonical_text(sent), canonical_text(kept));
    EXPECT_NE(canonical_text(sent),
              canonical_text(parsed(R"({"resourceType":"Observation","valueQuantity":{"value":7.1,"code":"mmol/L"},"a":[{"z":1,"b":[]},"钾"]})")));
    EXPECT_EQ(canonical_text(parsed(R"({"meta":{"profile":["x"],"versionId":"1"}})")), R"({"meta":{"profile":["x"]}})");
}

TEST(Manifest, has_one_form) {
    Manifest manifest{.items = {signed_item(parsed(R"({"resourceType":"Composition","title":"t"})"), "c1", 2)},
                      .attachments = {{"photo 1", "image/jpeg", to_hex(sha256("bytes"))}},
                      .case_id = "task-1",
                      .meaning = "opinion",
                      .signer = "Practitioner/p",
                      .signer_name = "王",
                      .organisation = "Organization/o",
                      .occurred = from_us(0),
                      .recorded = from_us(1'000'000)};
    EXPECT_EQ(manifest_bytes(manifest),
              R"({"format":"qiao-manifest-1","meaning":"opinion","case":"task-1","signer":"Practitioner/p","signerName":"王","organisation":"Organization/o",)"
              R"("occurred":"1970-01-01T00:00:00.000Z","recorded":"1970-01-01T00:00:01.000Z","items":[{"type":"Composition","id":"c1","version":2,"sha256":")" +
                  to_hex(sha256(R"({"resourceType":"Composition","title":"t"})")) +
                  R"("}],"attachments":[{"name":"photo 1","contentType":"image/jpeg","sha256":")" + to_hex(sha256("bytes")) + R"("}]})");
}

TEST(Certificate, wrapping_is_bound_to_key_and_label) {
    const std::string master(32, 'k');
    const std::string wrapped = wrap(master, "label", "secret");
    EXPECT_EQ(unwrap(master, "label", wrapped), "secret");
    EXPECT_NE(wrapped, wrap(master, "label", "secret"));
    EXPECT_EQ(wrapped.find("secret"), std::string::npos);
    EXPECT_EQ(code_of([&] { unwrap(std::string(32, 'x'), "label", wrapped); }), "signing.bad_master_key");
    EXPECT_EQ(code_of([&] { unwrap(master, "other", wrapped); }), "signing.bad_master_key");
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
        std::string bad = wrapped;
        bad[i] ^= 1;
        EXPECT_EQ(code_of([&] { unwrap(master, "label", bad); }), "signing.bad_master_key") << i;
    }
}

TEST(Certificate, raw_form_has_64_bytes_whatever_the_der) {
    const Key key = Key::make();
    for (int i = 0; i < 300; ++i) EXPECT_EQ(raw_signature(key.sign("x" + std::to_string(i))).size(), 64U);
    EXPECT_EQ(code_of([] { raw_signature("nonsense"); }), "signing.openssl");
}

TEST(Certificate, garbage_is_no_certificate_and_no_signature) {
    EXPECT_EQ(check_certificate("x", "y", from_us(0)), CertificateState::unknown);
    EXPECT_EQ(serial_of("x"), "");
    EXPECT_FALSE(is_signature("a", "b", "c"));
}

TEST(Signing, needs_the_password_again_and_a_role_that_signs) {
    Signed house;
    EXPECT_EQ(code_of([&] { house.signing->sign(house.actor(false), "m"); }), "access.step_up_needed");
    const auto actor = house.actor();
    EXPECT_EQ(house.signing->verify(house.signing->sign(actor, "m")), Verdict::valid);
    house.clock.advance(4min);
    EXPECT_EQ(code_of([&] { house.signing->sign(actor, "m"); }), "");
    house.clock.advance(2min);
    EXPECT_EQ(code_of([&] { house.signing->sign(actor, "m"); }), "access.step_up_needed");
    record::Actor nurse = house.caller(house.cookie_of("nurse")).actor;
    EXPECT_EQ(code_of([&] { house.signing->sign(nurse, "m"); }), "access.may_not_sign");
    record::Actor forged = actor;
    forged.person = house.nurse.id;
    EXPECT_EQ(code_of([&] { house.signing->sign(forged, "m"); }), "access.may_not_sign");
}

TEST(Signing, each_changed_byte_shows) {
    Signed house;
    const std::string manifest = manifest_bytes({.case_id = "c", .meaning = "opinion"});
    const auto signature = house.signing->sign(house.actor(), manifest);
    for (std::size_t i = 0; i < manifest.size(); ++i) {
        std::string bad = manifest;
        bad[i] ^= 1;
        EXPECT_EQ(house.verify(bad, signature.der, signature.certificate_pem, signature.signed_at), Verdict::altered);
    }
    for (std::size_t i = 0; i < signature.der.size(); ++i) {
        std::string bad = signature.der;
        bad[i] ^= 1;
        EXPECT_EQ(house.verify(manifest, bad, signature.certificate_pem, signature.signed_at), Verdict::altered) << i;
    }
    EXPECT_EQ(house.verify(manifest + " ", signature.der, signature.certificate_pem, signature.signed_at), Verdict::altered);
}

TEST(Signing, verdicts) {
    Signed house;
    const auto signature = house.signing->sign(house.actor(), "m");
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid);
    // The right form from an authority that nobody here knows.
    const Key own = Key::make();
    const std::string pem =
        make_certificate(own, {"Name expert", "中心医院", house.expert.resource}, own, {}, "4001", house.clock.now() - 1h, house.clock.now() + 24h);
    EXPECT_EQ(house.verify("m", own.sign("m"), pem, house.clock.now()), Verdict::unknown_signer);
    const std::string same_name =
        make_certificate(own, {"Name expert", "", ""}, own, house.signing_keys->authority_pem(), "4002", house.clock.now() - 1h, house.clock.now() + 24h);
    EXPECT_EQ(house.verify("m", own.sign("m"), same_name, house.clock.now()), Verdict::unknown_signer) << "names the authority, but it did not sign";
    house.clock.advance(24h);
    house.signing_keys->revoke(house.system(), house.signing_keys->all().front().id, house.clock.now(), "left");
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid) << "made before";
    EXPECT_EQ(house.verify("m", signature.der, signature.certificate_pem, house.clock.now()), Verdict::revoked_before);
    house.cookie = house.cookie_of("expert");
    const auto next = house.signing->sign(house.actor(), "m");
    EXPECT_NE(next.certificate_pem, signature.certificate_pem);
    EXPECT_EQ(house.signing->verify(next), Verdict::valid);
    house.clock.advance(24h * 365 * 4);
    EXPECT_EQ(house.signing->verify(next), Verdict::valid_certificate_expired);
}

TEST(Signing, kept_ones_are_found_and_close_what_they_cover) {
    Signed house;
    const auto item = signed_item(parsed(R"({"resourceType":"Composition"})"), "c1", 1);
    const auto signature = house.signing->sign(house.actor(), manifest_bytes({.items = {item}}));
    const auto is_closed = [&](const std::string& resource) {
        const auto snapshot = house.database->read();
        return code_of([&] { Signing::require_open(snapshot->connection(), resource); }) == "signing.closed";
    };
    EXPECT_FALSE(is_closed("Composition/c1"));
    house.keep(signature, {item});
    EXPECT_TRUE(is_closed("Composition/c1"));
    EXPECT_FALSE(is_closed("Composition/c2"));
    house.reopen();
    EXPECT_TRUE(is_closed("Composition/c1"));
    const auto found = house.signing->find(signature.reference);
    ASSERT_TRUE(found);
    EXPECT_EQ(house.signing->verify(*found), Verdict::valid);
    EXPECT_EQ(found->jws, signature.jws);
    EXPECT_EQ(house.signing->of_resource("Composition", "c1")->reference, signature.reference);
    EXPECT_FALSE(house.signing->find("nonsense"));
}

TEST(Signing, the_key_stays_over_a_restart_and_needs_its_master_key) {
    Signed house;
    const auto signature = house.signing->sign(house.actor(), "m");
    house.reopen();
    EXPECT_EQ(house.signing->sign(house.actor(), "n").certificate_pem, signature.certificate_pem);
    struct stat state {};
    const std::string file = house.folder.path() + "/master.key";
    ASSERT_EQ(::stat(file.c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777U, 0400U);
    house.close();
    const std::string key = storage::read_file(file);
    ASSERT_EQ(::unlink(file.c_str()), 0);
    EXPECT_EQ(code_of([&] { house.open(); }), "signing.bad_master_key");
    house.close();
    storage::write_file_durably(file, std::string(32, 'x'), 0400);
    EXPECT_EQ(code_of([&] { house.open(); }), "signing.bad_master_key");
    house.close();
    storage::write_file_durably(file, key, 0400);
    EXPECT_EQ(code_of([&] { house.open(); }), "");
}

TEST(Signing, the_openssl_command_alone_verifies_it) {
    Signed house;
    const auto signature = house.signing->sign(house.actor(), manifest_bytes({.case_id = "c", .meaning = "opinion", .signer_name = "王"}));
    const Openssl openssl(signature);
    ASSERT_TRUE(openssl.run("x509 -in cert.pem -pubkey -noout -out key.pem"));
    EXPECT_TRUE(openssl.run("dgst -sha256 -verify key.pem -signature signature.der manifest.bin"));
    EXPECT_TRUE(openssl.run("verify -CAfile chain.pem cert.pem"));
    openssl.write("manifest.bin", signature.manifest + " ");
    EXPECT_FALSE(openssl.run("dgst -sha256 -verify key.pem -signature signature.der manifest.bin"));
    const Signature other = [&] {
        Signed elsewhere;
        return elsewhere.signing->sign(elsewhere.actor(), "m");
    }();
    openssl.write("cert.pem", other.certificate_pem);
    EXPECT_FALSE(openssl.run("verify -CAfile chain.pem cert.pem"));
}

TEST(Signing, the_jws_is_an_es256_signature_of_the_same_bytes) {
    Signed house;
    const auto signature = house.signing->sign(house.actor(), R"({"format":"qiao-manifest-1"})");
    const auto parts = split(signature.jws, '.');
    ASSERT_EQ(parts.size(), 3U);
    const auto header = parsed(*from_base64(parts[0]));
    EXPECT_EQ(header["alg"].text(), "ES256");
    EXPECT_EQ(*from_base64(parts[1]), signature.manifest);
    const std::string raw = *from_base64(parts[2]);
    ASSERT_EQ(raw.size(), 64U);
    // r and s as DER by hand (ITU-T X.690): a verifier of JWS does the same.
    const auto integer = [](std::string bytes) {
        bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size() - 1));
        if ((static_cast<unsigned char>(bytes[0]) & 0x80U) != 0) bytes.insert(0, 1, '\0');
        return std::string("\x02") + static_cast<char>(bytes.size()) + bytes;
    };
    const std::string both = integer(raw.substr(0, 32)) + integer(raw.substr(32));
    const std::string der = std::string("\x30") + static_cast<char>(both.size()) + both;
    const std::string signed_text = std::string(parts[0]) + "." + std::string(parts[1]);
    EXPECT_TRUE(is_signature(signed_text, der, signature.certificate_pem));
    std::string body = signature.certificate_pem.substr(28);  // after the BEGIN line
    body = body.substr(0, body.find("-----END"));
    std::erase(body, '\n');
    EXPECT_EQ(header["x5c"].at(0).text(), body);
}

}  // namespace
}  // namespace qiao::access
