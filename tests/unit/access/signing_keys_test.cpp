#include "access/signing_keys.hpp"
#include "access/manifest.hpp"
#include "base/text.hpp"
#include "signed_house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::HospitalAuthority;
using testing::House;
using testing::Openssl;
using testing::Signed;

/// Signers and seals under a hospital's own authority.
struct Certified : Signed {
    HospitalAuthority hospital{"hospital"};
    Holder holder{KeyKind::person, expert.id};
    std::string request() { return signing_keys->request(system(), holder); }
    std::string import(const std::string& pem) {
        return code_of([&] { signing_keys->import_certificate(system(), holder, pem); });
    }
    std::string certificate_refusal() {
        return code_of([&] { signing_keys->key_of(holder, signing_keys->subject_of(holder)); });
    }
};

TEST(SigningKeys, a_hospital_certifies_its_signer_by_openssl) {
    Certified house;
    const std::string request = house.request();
    house.hospital.write("r.csr", request);
    ASSERT_TRUE(house.hospital.run("req -in r.csr -verify -noout -subject -nameopt utf8,sep_comma_plus"));
    EXPECT_NE(house.hospital.read("out.txt").find("Name expert"), std::string::npos) << house.hospital.read("out.txt");
    EXPECT_NE(house.hospital.read("out.txt").find(house.expert.resource), std::string::npos);
    const std::string issued = house.hospital.issue(request);
    EXPECT_EQ(house.import(issued), "signing.authority_unknown");
    const auto id = house.signing_keys->add_authority(house.system(), " County CA ", true, house.hospital.pem());
    EXPECT_EQ(house.import(issued), "");
    const auto signature = house.signing->sign(house.actor(), "m");
    EXPECT_EQ(signature.certificate_pem, issued);
    const Checked checked = house.signing->check(signature);
    EXPECT_EQ(checked.verdict, Verdict::valid);
    EXPECT_TRUE(checked.origin.licensed);
    EXPECT_EQ(checked.origin.name, "County CA");
    EXPECT_EQ(checked.origin.authority, id);
    const Openssl reader(signature);
    EXPECT_TRUE(reader.run("verify -CAfile chain.pem cert.pem"));
    EXPECT_TRUE(reader.run("x509 -in cert.pem -pubkey -noout -out key.pem"));
    EXPECT_TRUE(reader.run("dgst -sha256 -verify key.pem -signature signature.der manifest.bin"));
    const auto state = *json::parse(signature.revocation);
    EXPECT_EQ(state["state"].text(), "good");
    EXPECT_EQ(state["authority"].text(), "County CA");
    // Over a restart, and the rest of the house is as before.
    house.reopen();
    EXPECT_EQ(house.signing->sign(house.actor(), "n").certificate_pem, issued);
    EXPECT_EQ(house.signing->check(signature).origin.name, "County CA");
    EXPECT_EQ(house.number("SELECT count(*) FROM access_audit WHERE action = 'certificate'"), 3) << "request, trust, import";
}

TEST(SigningKeys, certificates_that_do_not_fit_are_refused) {
    Certified house;
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string request = house.request();
    const std::string good = house.hospital.issue(request);
    EXPECT_EQ(house.import("nonsense"), "signing.bad_certificate");
    EXPECT_EQ(house.import(house.hospital.issue(make_request(Key::make(), {"Name expert", "", ""}))), "signing.key_does_not_match");
    EXPECT_EQ(house.import(house.hospital.issue(request, "server")), "signing.certificate_not_for_signing");
    EXPECT_EQ(house.import(house.hospital.issue(request, "middle")), "signing.certificate_not_for_signing");
    EXPECT_EQ(house.import(house.hospital.issue(request, "signer", "-startdate 20200101000000Z -enddate 20210101000000Z")), "signing.certificate_not_in_force");
    EXPECT_EQ(house.import(HospitalAuthority("hospital").issue(request)), "signing.authority_unknown") << "the same name is not the same authority";
    EXPECT_EQ(house.import(good), "");
    std::string many;
    for (int i = 0; i < 11; ++i) many += good;
    EXPECT_EQ(house.import(many), "signing.bad_certificate");
    EXPECT_EQ(code_of([&] { house.signing_keys->add_authority(house.system(), "x", false, good); }), "signing.not_an_authority");
    EXPECT_EQ(code_of([&] { house.signing_keys->add_authority(house.system(), " ", false, house.hospital.pem()); }), "signing.bad_name");
    EXPECT_EQ(code_of([&] { house.signing_keys->request(house.system(), {KeyKind::person, 99}); }), "signing.no_holder");
    EXPECT_EQ(code_of([&] { house.signing_keys->remove_authority(house.system(), 1); }), "signing.authority_in_use");
    const auto second = house.signing_keys->add_authority(house.system(), "unused", false, HospitalAuthority("unused").pem());
    EXPECT_EQ(code_of([&] { house.signing_keys->remove_authority(house.system(), second); }), "");
    EXPECT_EQ(code_of([&] { house.signing_keys->remove_authority(house.system(), second); }), "signing.no_authority");
}

TEST(SigningKeys, an_authority_between_comes_with_the_certificate) {
    Certified house;
    HospitalAuthority middle("middle");
    house.hospital.write("m.key", middle.read("middle.key"));
    ASSERT_TRUE(house.hospital.run("req -new -config ca.cnf -subj /CN=middle -key m.key -out m.csr"));
    const std::string middle_pem = house.hospital.issue(house.hospital.read("m.csr"), "middle", "-days 90");
    middle.write("middle.pem", middle_pem);
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string issued = middle.issue(house.request());
    EXPECT_EQ(house.import(issued), "signing.authority_unknown");
    EXPECT_EQ(house.import(middle_pem + issued), "") << "in any order";
    const auto signature = house.signing->sign(house.actor(), R"({"format":"qiao-manifest-1"})");
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid);
    const Openssl reader(signature);
    reader.write("root.pem", house.hospital.pem());
    EXPECT_TRUE(reader.run("verify -CAfile root.pem -untrusted chain.pem cert.pem"));
    const auto header = *json::parse(*from_base64(split(signature.jws, '.')[0]));
    EXPECT_EQ(header["x5c"].size(), 3U);
    house.clock.advance(24h * 100);
    EXPECT_EQ(house.certificate_refusal(), "signing.own_certificate_ended") << "its own certificate is good for a year, the one above it is not";
}

TEST(SigningKeys, a_revocation_list_ends_what_is_signed_later) {
    Certified house;
    const auto id = house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string issued = house.hospital.issue(house.request());
    ASSERT_EQ(house.import(issued), "");
    const auto import = [&](const std::string& list) { return code_of([&] { house.signing_keys->import_list(house.system(), id, list); }); };
    const std::string empty = house.hospital.list();
    EXPECT_EQ(import("nonsense"), "signing.bad_revocation_list");
    EXPECT_EQ(import(HospitalAuthority("hospital").list()), "signing.revocation_list_of_another");
    EXPECT_EQ(import(empty), "");
    const auto before = house.signing->sign(house.actor(), "m");
    EXPECT_EQ((*json::parse(before.revocation))["list"].text(), "1");
    house.clock.advance(2s);  // lists say whole seconds
    house.hospital.revoke(issued);
    EXPECT_EQ(import(house.hospital.list()), "");
    EXPECT_EQ(house.signing->verify(before),
              before.signed_at < *house.signing_keys->revoked_at(id, serial_of(issued)) ? Verdict::valid : Verdict::revoked_before);
    EXPECT_EQ(house.verify("m", before.der, issued, house.clock.now() + 1h), Verdict::revoked_before);
    EXPECT_EQ(house.import(issued), "signing.key_does_not_match") << "a revoked key is given up: the next request is over a new one";
    house.cookie = house.cookie_of("expert");
    EXPECT_EQ(code_of([&] { house.signing->sign(house.actor(), "m"); }), "signing.own_certificate_revoked") << "nothing built in takes its place by itself";
    const auto authorities = house.signing_keys->authorities();
    ASSERT_EQ(authorities.size(), 1U);
    EXPECT_EQ(authorities.front().list_number, "2");
    EXPECT_GT(authorities.front().list_next, house.clock.now() + 24h);
}

TEST(SigningKeys, an_imported_certificate_that_ended_is_renewed_over_its_key_and_nothing_else_signs) {
    Certified house;
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string first = house.request();
    ASSERT_EQ(house.import(house.hospital.issue(first)), "");
    EXPECT_TRUE(house.signing_keys->need_care().empty());
    house.clock.advance(-24h * 2);
    EXPECT_EQ(house.certificate_refusal(), "signing.own_certificate_not_yet") << "the clock was set back";
    house.clock.advance(24h * 342);
    ASSERT_EQ(house.signing_keys->need_care().size(), 1U) << "it ends within 30 days";
    house.clock.advance(24h * 30);
    house.cookie = house.cookie_of("expert");
    const auto sign = [&] { return code_of([&] { house.signing->sign(house.actor(), "m"); }); };
    EXPECT_EQ(sign(), "signing.own_certificate_ended") << "its first, built-in certificate is in force for three years and must not sign";
    house.reopen();
    EXPECT_EQ(code_of([&] { house.signing->require_may_sign(house.actor(), "opinion"); }), "signing.own_certificate_ended") << "before a work reads anything";
    ASSERT_EQ(house.signing_keys->need_care().size(), 1U);
    const std::string again = house.hospital.issue(house.request(), "signer", "-startdate 20200101000000Z -enddate 20450101000000Z");
    EXPECT_EQ(sign(), "signing.own_certificate_ended") << "a request changes nothing";
    ASSERT_EQ(house.import(again), "");
    EXPECT_EQ(sign(), "");
    EXPECT_EQ(house.signing->sign(house.actor(), "m").certificate_pem, again);
    EXPECT_TRUE(house.signing_keys->need_care().empty());
}

TEST(SigningKeys, after_a_revocation_the_request_is_over_a_new_key_that_does_not_sign_yet) {
    Certified house;
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string first = house.request();
    ASSERT_EQ(house.import(house.hospital.issue(first)), "");
    house.signing_keys->revoke(house.system(), house.signing_keys->all().front().id, house.clock.now(), "stolen");
    const auto sign = [&] { return code_of([&] { house.signing->sign(house.actor(), "m"); }); };
    EXPECT_EQ(sign(), "signing.own_certificate_revoked");
    EXPECT_EQ(house.import(house.hospital.issue(first)), "signing.key_does_not_match") << "the old key is given up";
    const std::string second = house.request();
    EXPECT_EQ(sign(), "signing.own_certificate_revoked") << "the new key waits for its certificate";
    const std::string issued = house.hospital.issue(second);
    ASSERT_EQ(house.import(issued), "");
    EXPECT_EQ(house.signing->sign(house.actor(), "m").certificate_pem, issued);
}

TEST(SigningKeys, only_a_decision_brings_the_built_in_authority_back) {
    Certified house;
    const auto decide = [&] { return code_of([&] { house.signing_keys->use_built_in(house.system(), house.holder); }); };
    EXPECT_EQ(decide(), "signing.built_in_already");
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    const std::string issued = house.hospital.issue(house.request());
    EXPECT_EQ(decide(), "signing.built_in_already");
    ASSERT_EQ(house.import(issued), "");
    house.clock.advance(24h * 400);
    house.cookie = house.cookie_of("expert");
    EXPECT_EQ(decide(), "");
    const auto signature = house.signing->sign(house.actor(), "m");
    EXPECT_EQ(house.signing->check(signature).origin.authority, 0);
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid);
    EXPECT_EQ(decide(), "signing.built_in_already");
    EXPECT_EQ(house.number("SELECT count(*) FROM access_audit WHERE action = 'certificate' AND detail LIKE 'built-in from now on person%'"), 1);
    // What is built in renews itself, whatever was there before.
    house.clock.advance(24h * 365 * 4);
    house.cookie = house.cookie_of("expert");
    EXPECT_NE(house.signing->sign(house.actor(), "n").certificate_pem, signature.certificate_pem);
}

TEST(SigningKeys, a_seal_that_ended_refuses_what_it_would_be_put_on) {
    Certified house;
    const Holder seal{KeyKind::seal, house.hub.id};
    house.signing_keys->add_authority(house.system(), "hospital", false, house.hospital.pem());
    house.signing_keys->set_seal(house.system(), house.hub.id, {"opinion"});
    const std::string request = house.signing_keys->request(house.system(), seal);
    house.signing_keys->import_certificate(house.system(), seal, house.hospital.issue(request));
    ASSERT_TRUE(house.signing->sign(house.actor(), "m", "opinion").seal.has_value());
    house.clock.advance(24h * 400);
    house.cookie = house.cookie_of("expert");
    const auto sign = [&](std::string_view meaning) { return code_of([&] { house.signing->sign(house.actor(), "m", meaning); }); };
    EXPECT_EQ(sign("opinion"), "signing.seal_certificate_ended");
    EXPECT_EQ(code_of([&] { house.signing->require_may_sign(house.actor(), "opinion"); }), "signing.seal_certificate_ended");
    EXPECT_EQ(code_of([&] { house.signing->require_may_sign(house.actor(), "request"); }), "") << "what it does not seal";
    EXPECT_EQ(sign("request"), "");
    house.signing_keys->set_seal(house.system(), house.hub.id, {});
    EXPECT_EQ(sign("opinion"), "");
}

TEST(SigningKeys, revoking_by_hand_needs_a_reason_and_a_time_in_the_past) {
    Signed house;
    const auto signature = house.signing->sign(house.actor(), "m");
    const auto key = house.signing_keys->all().front();
    const auto revoke = [&](Instant at, std::string_view reason) { return code_of([&] { house.signing_keys->revoke(house.system(), key.id, at, reason); }); };
    EXPECT_EQ(revoke(house.clock.now(), " "), "signing.bad_reason");
    EXPECT_EQ(revoke(house.clock.now() + 1h, "left"), "signing.bad_time");
    EXPECT_EQ(revoke(key.created - 1h, "left"), "signing.bad_time");
    EXPECT_EQ(code_of([&] { house.signing_keys->revoke(house.system(), 1, house.clock.now(), "x"); }), "signing.no_key") << "never the authority itself";
    house.clock.advance(1h);
    EXPECT_EQ(revoke(signature.signed_at - 1us, "the password was known to others"), "");
    EXPECT_EQ(revoke(house.clock.now(), "again"), "signing.no_key");
    EXPECT_EQ(house.signing->verify(signature), Verdict::revoked_before);
    EXPECT_EQ(house.number("SELECT count(*) FROM access_audit WHERE action = 'certificate' AND detail LIKE 'revoke person%'"), 1);
}

TEST(SigningKeys, sm2_signs_and_openssl_alone_verifies) {
    Signed house;
    const auto classic = house.signing->sign(house.actor(), "m");
    house.algorithm = KeyAlgorithm::sm2;
    house.reopen();
    EXPECT_EQ(house.signing->sign(house.actor(), "n").certificate_pem, classic.certificate_pem) << "a key in force stays";
    const Person other = house.person("other", house.hub.id, role::kExpert);
    house.cookie = house.cookie_of("other");
    const std::string manifest = manifest_bytes({.case_id = "c", .meaning = "opinion", .signer_name = "王"});
    const auto signature = house.signing->sign(house.actor(), manifest);
    EXPECT_EQ(signature.jws, "") << "JOSE has no name for it";
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid);
    EXPECT_EQ(house.signing->verify(classic), Verdict::valid);
    const Openssl reader(signature);
    ASSERT_TRUE(reader.run("x509 -in cert.pem -pubkey -noout -out key.pem"));
    ASSERT_TRUE(reader.run("x509 -in cert.pem -noout -text"));
    EXPECT_NE(reader.read("out.txt").find("SM2-with-SM3"), std::string::npos);
    const std::string verify = "dgst -sm3 -verify key.pem -sigopt distid:1234567812345678 -signature signature.der manifest.bin";
    EXPECT_TRUE(reader.run(verify)) << reader.read("out.txt");
    EXPECT_TRUE(reader.run("verify -vfyopt distid:1234567812345678 -CAfile chain.pem cert.pem")) << reader.read("out.txt");
    reader.write("manifest.bin", manifest + " ");
    EXPECT_FALSE(reader.run(verify));
    for (std::size_t i = 0; i < manifest.size(); ++i) {
        std::string bad = manifest;
        bad[i] ^= 1;
        EXPECT_EQ(house.verify(bad, signature.der, signature.certificate_pem, signature.signed_at), Verdict::altered);
    }
    house.reopen();
    EXPECT_EQ(house.signing->verify(signature), Verdict::valid);
    EXPECT_EQ(house.signing->sign(house.actor(), "k").certificate_pem, signature.certificate_pem);
}

TEST(SigningKeys, an_sm2_authority_certifies_and_revokes) {
    Signed house;
    house.algorithm = KeyAlgorithm::sm2;
    house.reopen();
    HospitalAuthority authority("sm2ca", true);
    const auto id = house.signing_keys->add_authority(house.system(), "SM2 CA", true, authority.pem());
    const Holder holder{KeyKind::person, house.expert.id};
    const std::string issued = authority.issue(house.signing_keys->request(house.system(), holder));
    house.signing_keys->import_certificate(house.system(), holder, issued);
    const auto signature = house.signing->sign(house.actor(), "m");
    EXPECT_EQ(signature.certificate_pem, issued);
    EXPECT_EQ(house.signing->check(signature).origin.name, "SM2 CA");
    authority.revoke(issued);
    house.signing_keys->import_list(house.system(), id, authority.list());
    EXPECT_TRUE(house.signing_keys->revoked_at(id, serial_of(issued)));
    EXPECT_EQ(code_of([&] { house.signing_keys->import_list(house.system(), id, HospitalAuthority("sm2ca", true).list()); }),
              "signing.revocation_list_of_another");
}

TEST(SigningKeys, the_seal_of_the_institution_is_a_second_signature) {
    Signed house;
    EXPECT_EQ(code_of([&] { house.signing_keys->set_seal(house.system(), house.hub.id, {"everything"}); }), "signing.bad_meaning");
    EXPECT_EQ(code_of([&] { house.signing_keys->set_seal(house.system(), 99, {"opinion"}); }), "signing.no_holder");
    house.signing_keys->set_seal(house.system(), house.hub.id, {"opinion", "amendment"});
    EXPECT_FALSE(house.signing->sign(house.actor(), "m", "request").seal);
    auto signature = house.signing->sign(house.actor(), "m", "opinion");
    ASSERT_TRUE(signature.seal);
    EXPECT_EQ(signature.seal->organisation, house.hub.id);
    EXPECT_EQ(house.signing->check_seal(signature).verdict, Verdict::valid);
    const Openssl reader;
    reader.write("manifest.bin", "m"), reader.write("seal.der", signature.seal->der), reader.write("seal-cert.pem", signature.seal->certificate_pem);
    reader.write("chain.pem", signature.seal->chain_pem);
    ASSERT_TRUE(reader.run("x509 -in seal-cert.pem -noout -subject -nameopt utf8,sep_comma_plus"));
    EXPECT_NE(reader.read("out.txt").find("中心医院"), std::string::npos) << reader.read("out.txt");
    ASSERT_TRUE(reader.run("x509 -in seal-cert.pem -pubkey -noout -out key.pem"));
    EXPECT_TRUE(reader.run("dgst -sha256 -verify key.pem -signature seal.der manifest.bin"));
    EXPECT_TRUE(reader.run("verify -CAfile chain.pem seal-cert.pem"));
    house.keep(signature, {});
    house.reopen();
    ASSERT_TRUE(house.signing->find(signature.reference)->seal);
    EXPECT_EQ(house.signing->find_der(signature.seal->der)->reference, signature.reference);
    EXPECT_EQ(house.signing->find_der(signature.der)->reference, signature.reference);
    EXPECT_FALSE(house.signing->find_der("x"));
    signature.seal->der[20] ^= 1;
    EXPECT_EQ(house.signing->check_seal(signature).verdict, Verdict::altered);
    house.signing_keys->set_seal(house.system(), house.hub.id, {});
    EXPECT_FALSE(house.signing->sign(house.actor(), "m", "opinion").seal);
}

/// A folder of the version before seals and other authorities.
TEST(SigningKeys, keys_of_older_folders_stay) {
    const testing::Folder folder;
    const auto database = qiao::testing::open_database(folder.path() + "/record.db");
    database->migrate(record::record_migrations());
    std::vector<storage::Migration> before;
    for (const auto& one : access_migrations()) {
        if (one.folder != "access_authorities") before.push_back(one);
    }
    database->migrate(before);
    const std::string wrapped = "sealed";
    const auto insert = [&](std::int64_t id, std::int64_t person, std::string_view pem, std::string_view serial) {
        database->write_connection().execute("INSERT INTO access_signing_key VALUES(?, ?, ?, ?, ?, 1, 2, 0, '')",
                                             {id, person, storage::Blob{wrapped}, pem, serial});
    };
    insert(1, 0, "AUTHORITY", "40"), insert(2, 7, "CERTIFICATE", "41");
    database->migrate(access_migrations());
    auto snapshot = database->read();
    auto rows = snapshot->connection().query("SELECT kind, holder, algorithm, certificate, chain, authority, serial FROM access_signing_key ORDER BY id");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(0), "authority");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(0), "person");
    EXPECT_EQ(rows.integer(1), 7);
    EXPECT_EQ(rows.text(2), "p256");
    EXPECT_EQ(rows.text(3), "CERTIFICATE");
    EXPECT_EQ(rows.text(4), "AUTHORITY");
    EXPECT_EQ(rows.integer(5), 0);
}

}  // namespace
}  // namespace qiao::access
