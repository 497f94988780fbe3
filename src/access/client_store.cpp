#include "access/client_assertion.hpp"
#include "access/session.hpp"

namespace qiao::access {

void Sessions::insert_client(const Client& client, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        connection.execute("INSERT INTO access_client(id, name, secret_hash, role, created_us, revoked_us, audience) VALUES(?, ?, ?, ?, ?, 0, ?)",
                                           {std::string_view(client.id), std::string_view(client.name), std::string_view(client.secret_hash),
                                            std::string_view(client.role), event.recorded_us, std::string_view(client.audience)});
                        for (const ClientKey& one : client.keys) {
                            const std::string spki = one.key.to_spki();
                            connection.execute("INSERT INTO access_client_key(client, kid, algorithm, public_key) VALUES(?, ?, ?, ?)",
                                               {std::string_view(client.id), std::string_view(one.kid), name_of(one.key.algorithm()), storage::Blob{spki}});
                        }
                        audit_.write(group, event);
                    }});
}

Sessions::Client Sessions::read_client(std::string_view id) {
    Client client;
    auto snapshot = database_.read();
    {
        auto rows = snapshot->connection().query("SELECT secret_hash, role, audience FROM access_client WHERE id = ? AND revoked_us = 0", {id});
        if (!rows.next()) return client;
        client.id = id;
        client.secret_hash = rows.text(0);
        client.role = rows.text(1);
        client.audience = rows.text(2);
    }
    auto rows = snapshot->connection().query("SELECT kid, public_key FROM access_client_key WHERE client = ?", {id});
    while (rows.next()) {
        if (auto key = PublicKey::from_spki(rows.text(1))) client.keys.push_back({std::string(rows.text(0)), *std::move(key)});
    }
    return client;
}

/// False when this client used it before; kept until its time is over, so that a restart forgets nothing.
bool Sessions::use_assertion(std::string_view client, std::string_view jti_hash, Instant until, Instant now) {
    bool is_new = false;
    writer_.submit({{}, [&](storage::Group& group) {
                        auto& connection = group.connection();
                        connection.execute("DELETE FROM access_client_assertion WHERE until_us < ?", {to_us(now)});
                        is_new = connection.execute("INSERT INTO access_client_assertion(client, jti_hash, until_us) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
                                                    {client, jti_hash, to_us(until)}) == 1;
                    }});
    return is_new;
}

void Sessions::mark_client_revoked(std::string_view id, const AuditEvent& event) {
    writer_.submit({{}, [&](storage::Group& group) {
                        group.connection().execute("UPDATE access_client SET revoked_us = ? WHERE id = ? AND revoked_us = 0", {event.recorded_us, id});
                        audit_.write(group, event);
                    }});
}

}  // namespace qiao::access
