// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/companions.h"

#include <algorithm>
#include <array>

namespace pando::chroot {
namespace {

using enum Companion::Carry;

constexpr std::string_view no_names = "names come from files alone (nsswitch.conf)";
constexpr std::string_view no_tokens = "no fence device is reached with a key in a hardware token";
constexpr std::string_view no_kerberos =
    "no fence device is reached through Kerberos or LDAP; curl is only linked with both";

constexpr std::array<Companion, 44> table = {{
    // corosync
    {"libknet.so.1", "kronosnet/crypto_openssl.so", always, "encryption, opened by"},
    {"libknet.so.1", "libgcc_s.so.1", always, "opened for the cancelled threads of"},
    {"libknet.so.1", "kronosnet/crypto_nss.so", never, "corosync.conf says openssl"},
    {"libknet.so.1", "kronosnet/compress_bzip2.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_lz4.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_lz4hc.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_lzma.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_lzo2.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_zlib.so", never, "corosync.conf sets no compression"},
    {"libknet.so.1", "kronosnet/compress_zstd.so", never, "corosync.conf sets no compression"},

    // the C library
    {"libc.so.6", "libgcc_s.so.1", when_there, "opened when a thread is cancelled by"},
    {"libc.so.6", "/etc/localtime", when_there, "time zone, read by"},
    {"libc.so.6", "/etc/services", when_there, "names of ports, read by"},
    {"libc.so.6", "/etc/protocols", when_there, "names of protocols, read by"},
    {"libc.so.6", "/etc/resolv.conf", never, no_names},
    {"libc.so.6", "libnss_compat.so.2", never, no_names},
    {"libc.so.6", "libnss_dns.so.2", never, no_names},
    {"libc.so.6", "libnss_systemd.so.2", never, no_names},
    {"libc.so.6", "libnss_myhostname.so.2", never, no_names},
    {"libc.so.6", "libnss_sss.so.2", never, no_names},
    {"libc.so.6", "gconv", never, "programs run in the C locale, and UTF-8 is built in"},
    {"libc.so.6", "/usr/lib/locale", never, "programs run in the C locale"},

    // TLS. The settings of the root hold inside as well: a BMC that is too old for the defaults must answer in both.
    {"libcrypto.so.3", "/etc/ssl/openssl.cnf", when_there, "settings, read by"},
    {"libcrypto.so.3", "/usr/lib/ssl/openssl.cnf", when_there, "settings, read by"},
    {"libcrypto.so.3", "ossl-modules/legacy.so", never, "used only when settings name it: MD4, DES and the like"},
    {"libcrypto.so.3", "engines-3", never, "no hardware is named that needs an engine"},
    {"libgnutls.so.30", "/etc/gnutls/config", when_there, "settings, read by"},
    {"libp11-kit.so.0", "pkcs11", never, no_tokens},
    {"libkrb5.so.3", "krb5/plugins", never, no_kerberos},
    {"libkrb5.so.3", "/etc/krb5.conf", never, no_kerberos},
    {"libsasl2.so.2", "sasl2", never, no_kerberos},
    {"bin/curl", "/etc/ssl/certs/ca-certificates.crt", when_there, "certificates, read by"},
    {"certifi/__init__.py", "cacert.pem", when_there, "certificates, read by"},
    {"certifi/__init__.py", "/etc/ssl/certs/ca-certificates.crt", when_there, "certificates, read by"},

    // tools that agents call
    {"bin/ssh", "/etc/ssh/ssh_config", when_there, "settings, read by"},
    {"bin/ssh", "/etc/ssh/ssh_config.d", when_there, "settings, read by"},
    {"libnetsnmp.so.40", "/etc/snmp/snmp.conf", when_there, "settings, read by"},
    {"libnetsnmp.so.40", "/usr/share/snmp/mibs", never, "agents give numbers, and switch MIBs off (-m '')"},
    {"boto3/__init__.py", "data/ec2", when_there, "the service that fence_aws speaks to, read by"},
    {"botocore/__init__.py", "data/ec2", when_there, "the service that fence_aws speaks to, read by"},
    {"botocore/__init__.py", "data/endpoints.json", when_there, "where services are, read by"},
    {"botocore/__init__.py", "data/partitions.json", when_there, "where services are, read by"},
    {"botocore/__init__.py", "data/_retry.json", when_there, "settings, read by"},
    {"botocore/__init__.py", "data/sdk-default-configuration.json", when_there, "settings, read by"},
}};

bool matches(const std::filesystem::path& file, std::string_view of) {
    const std::string& path = file.native();
    const size_t slash = of.find('/');
    if (slash != std::string_view::npos) {  // two names; a Python module may be compiled
        const std::string tail = "/" + std::string(of);
        return path.ends_with(tail) || (of.ends_with(".py") && path.ends_with(tail + "c"));
    }
    const std::string name = file.filename();
    return name == of || name.starts_with(std::string(of) + ".");  // libknet.so.1.4.0 is behind libknet.so.1
}

}  // namespace

std::vector<Companion> companions_of(const std::filesystem::path& file) {
    std::vector<Companion> rows;
    std::copy_if(table.begin(), table.end(), std::back_inserter(rows),
                 [&](const Companion& row) { return matches(file, row.of); });
    return rows;
}

}  // namespace pando::chroot
