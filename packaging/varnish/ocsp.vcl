# Varnish 7 keeps the answers of a responder until they end, and drops those about a
# certificate within a second after its status has changed. It needs the module xkey
# (Debian: varnish-modules), and in the configuration of the responder:
#
#     [answers]
#     cache_tag = "xkey"
#
#     [purge]
#     urls = ["http://127.0.0.1:6081/"]
#
# Change for your machine: the address of the responder, and who may purge.
vcl 4.1;

import std;
import xkey;

backend responder {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 1s;
    .first_byte_timeout = 5s;
}

# The machines on which the updater of a responder runs.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(403, "Forbidden"));
        }
        if (!req.http.xkey-purge) {
            return (synth(400, "xkey-purge is missing"));
        }
        set req.http.X-Purged = xkey.purge(req.http.xkey-purge);
        return (synth(200, "Purged"));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        # The responder answers POST, and refuses the rest.
        return (pass);
    }
    # Nothing that a client sends besides the path changes the answer.
    unset req.http.Cookie;
    unset req.http.Authorization;
    # A date can be that of an answer from before a revocation; an ETag cannot.
    unset req.http.If-Modified-Since;
    set req.url = regsub(req.url, "\?.*$", "");
    # Java and Windows escape all letters, curl none: one object for both.
    set req.http.X-Path = regsuball(req.url, "%2[Ff]", "/");
    set req.http.X-Path = regsuball(req.http.X-Path, "%2[Bb]", "+");
    set req.http.X-Path = regsuball(req.http.X-Path, "%3[Dd]", "=");
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.X-Path);
    return (lookup);
}

sub vcl_backend_fetch {
    unset bereq.http.X-Path;
}

sub vcl_hit {
    # Expires is the end of the answer: after it, the responder is asked or nobody.
    if (obj.ttl <= 0s || std.time(obj.http.Expires, now) <= now) {
        return (pass);
    }
}

sub vcl_backend_response {
    # Never after the end of the answer: neither while the responder is away, nor because
    # a parameter of varnishd or a header says so.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (beresp.status != 200 || beresp.http.Cache-Control ~ "no-store"
        || std.time(beresp.http.Expires, now) <= now) {
        # Ask the responder each time, for several clients at once.
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        return (deliver);
    }
    if (now + beresp.ttl > std.time(beresp.http.Expires, now)) {
        set beresp.ttl = std.time(beresp.http.Expires, now) - now;
    }
    # An object without a tag could not be purged.
    if (!beresp.http.xkey && beresp.ttl > 10s) {
        set beresp.ttl = 10s;
    }
}

sub vcl_deliver {
    # Clients have no use for the tags.
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    } else {
        set resp.http.X-Cache = "miss";
    }
}

sub vcl_synth {
    if (req.http.X-Purged) {
        set resp.http.X-Purged = req.http.X-Purged;
    }
    set resp.http.Content-Type = "text/plain";
    synthetic(resp.reason);
    return (deliver);
}
