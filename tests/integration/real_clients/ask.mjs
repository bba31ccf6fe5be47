// Asks a responder with PKI.js, by GET and by POST, and verifies the answers. Arguments:
// the folder with the package, the URL, the certificate of the CA, then certificates, in
// PEM. Prints two lines for each: good, revoked, unknown, or the error.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { webcrypto } from "node:crypto";

const [folder, url, caFile, ...files] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const pkijs = require("pkijs");
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));

function read(file) {
  const text = readFileSync(file, "ascii").replace(/-----[^-]+-----|\s/g, "");
  return pkijs.Certificate.fromBER(Uint8Array.from(Buffer.from(text, "base64")).buffer);
}

const ca = read(caFile);

async function status(reply, leaf) {
  const response = pkijs.OCSPResponse.fromBER(await reply.arrayBuffer());
  if (response.responseStatus.valueBlock.valueDec !== 0) return "an OCSP error";
  const basic = pkijs.BasicOCSPResponse.fromBER(
    response.responseBytes.response.valueBlock.valueHexView
  );
  if (!(await basic.verify({ trustedCerts: [ca] }))) return "not verified";
  const found = await basic.getCertificateStatus(leaf, ca);
  return ["good", "revoked", "unknown"][found.status];
}

for (const file of files) {
  const leaf = read(file);
  const request = new pkijs.OCSPRequest();
  await request.createForCertificate(leaf, { hashAlgorithm: "SHA-256", issuerCertificate: ca });
  const der = Buffer.from(request.toSchema(true).toBER(false));
  const text = encodeURIComponent(der.toString("base64"));
  console.log(await status(await fetch(url + text), leaf));
  const headers = { "Content-Type": "application/ocsp-request" };
  console.log(await status(await fetch(url, { method: "POST", headers, body: der }), leaf));
}
