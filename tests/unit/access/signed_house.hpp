#pragma once

#include "access/certificate.hpp"
#include "access/certificate_chain.hpp"
#include "house.hpp"
#include "storage/file.hpp"

#include <cstdlib>
#include <fstream>

/// A hospital whose expert signs, and the `openssl` program beside it: as the reader of an export, and as the authority of
/// a hospital that knows nothing of Qiao.
namespace qiao::access::testing {

struct Signed : House {
    Organisation hub = place("hub", "中心医院");
    Person expert = person("expert", hub.id, role::kExpert), nurse = person("nurse", hub.id, role::kNurse);
    std::string cookie = cookie_of("expert");

    record::Actor actor(bool step = true) {
        if (step) {
            const auto response =
                send(http::Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", cookie}});
            EXPECT_EQ(response.status, 200);
        }
        return caller(cookie).actor;
    }
    Verdict verify(std::string_view manifest, std::string_view der, std::string_view certificate_pem, Instant at) {
        return signing->check(manifest, der, certificate_pem, at).verdict;
    }
    void keep(const Signature& signature, std::vector<SignedItem> items) {
        run([&](storage::Group& group) { signing->keep(group, signature, items); });
    }
};

/// What docs/signatures.md tells a reader to do, done by the same program.
struct Openssl {
    Folder folder;
    Openssl() = default;
    explicit Openssl(const Signature& signature) {
        write("manifest.bin", signature.manifest), write("signature.der", signature.der);
        write("cert.pem", signature.certificate_pem), write("chain.pem", signature.chain_pem);
    }
    void write(const std::string& name, const std::string& bytes) const { std::ofstream(folder.path() + "/" + name, std::ios::binary) << bytes; }
    [[nodiscard]] std::string read(const std::string& name) const { return storage::read_file(folder.path() + "/" + name); }
    [[nodiscard]] bool run(const std::string& arguments) const {
        return std::system(("cd " + folder.path() + " && openssl " + arguments + " > out.txt 2>&1").c_str()) == 0;
    }
    void must(const std::string& arguments) const { ASSERT_TRUE(run(arguments)) << arguments << "\n" << read("out.txt"); }
};

/// The authority of a hospital: `name`.pem and `name`.key, made and run by `openssl ca`.
struct HospitalAuthority : Openssl {
    std::string name;
    std::string digest;
    std::string sm2;  ///< options that SM2 needs

    explicit HospitalAuthority(std::string called, bool is_sm2 = false)
        : name(std::move(called)), digest(is_sm2 ? "sm3" : "sha256"), sm2(is_sm2 ? " -sigopt distid:1234567812345678" : "") {
        write("ca.cnf",
              "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=.\ncertificate=" + name +
                  ".pem\nprivate_key=" + name + ".key\ndefault_md=" + digest +
                  "\npolicy=any\nunique_subject=no\ndefault_crl_days=30\n[any]\ncommonName=supplied\norganizationName=optional\nserialNumber=optional\n"
                  "[signer]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n"
                  "[server]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,keyEncipherment\n[middle]\nbasicConstraints=critical,CA:TRUE\n"
                  "keyUsage=critical,keyCertSign,cRLSign\n[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=middle\n[dn]\nCN=" +
                  name + "\n");
        write("index.txt", ""), write("serial", "1000\n"), write("crlnumber", "01\n");
        must(std::string("genpkey ") + (is_sm2 ? "-algorithm SM2" : "-algorithm EC -pkeyopt ec_paramgen_curve:P-384") + " -out " + name + ".key");
        must("req -x509 -new -config ca.cnf -key " + name + ".key -" + digest + sm2 + " -days 3650 -out " + name + ".pem");
    }
    [[nodiscard]] std::string pem() const { return read(name + ".pem"); }
    /// What it makes of a request. @param usage  a section of ca.cnf
    std::string issue(const std::string& request, const std::string& usage = "signer", const std::string& more = "-days 365") {
        write("request.csr", request);
        must("ca -batch -config ca.cnf -in request.csr -out issued.pem -notext -extensions " + usage + " " + more + sm2 +
             (sm2.empty() ? "" : " -vfyopt distid:1234567812345678"));
        return read("issued.pem");
    }
    void revoke(const std::string& certificate) {
        write("gone.pem", certificate);
        must("ca -config ca.cnf -revoke gone.pem");
    }
    std::string list() {
        must("ca -config ca.cnf -gencrl -out list.pem" + sm2);
        return read("list.pem");
    }
};

}  // namespace qiao::access::testing
