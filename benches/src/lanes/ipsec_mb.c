// Batches through the job API of Intel's ipsec-mb: every job is submitted, what is still in the manager is flushed at the end.

#include <intel-ipsec-mb.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct message {
        const uint8_t *octets;
        uint64_t len;
        const uint8_t *ipad;
        const uint8_t *opad;
        uint8_t *tag;
        // For ciphers: expanded keys and IV; the octets are enciphered or deciphered in place.
        const void *enc_keys;
        const void *dec_keys;
        const uint8_t *iv;
        // Octets at the start that are hashed and not enciphered.
        uint64_t clear;
};

void *wirecraft_mb_new(void)
{
        IMB_MGR *manager = alloc_mb_mgr(0);

        if (manager != NULL)
                init_mb_mgr_auto(manager, NULL);
        return manager;
}

static IMB_HASH_ALG hash_of(unsigned hash)
{
        return hash == 0 ? IMB_AUTH_MD5 : hash == 1 ? IMB_AUTH_HMAC_SHA_1 : IMB_AUTH_HMAC_SHA_256;
}

// Keys of up to 64 octets.
void wirecraft_mb_hmac_key(void *manager, unsigned hash, const uint8_t *key, uint64_t len, uint8_t *ipad, uint8_t *opad)
{
        const uint8_t pads[2] = { 0x36, 0x5c };
        uint8_t *states[2] = { ipad, opad };

        for (int i = 0; i < 2; i++) {
                uint8_t block[64];

                memset(block, pads[i], sizeof block);
                for (uint64_t at = 0; at < len && at < sizeof block; at++)
                        block[at] ^= key[at];
                if (hash == 0)
                        IMB_MD5_ONE_BLOCK((IMB_MGR *) manager, block, states[i]);
                else if (hash == 1)
                        IMB_SHA1_ONE_BLOCK((IMB_MGR *) manager, block, states[i]);
                else
                        IMB_SHA256_ONE_BLOCK((IMB_MGR *) manager, block, states[i]);
        }
}

void wirecraft_mb_aes_key(void *manager, const uint8_t *key, void *enc_keys, void *dec_keys)
{
        IMB_AES_KEYEXP_128((IMB_MGR *) manager, key, enc_keys, dec_keys);
}

// cipher: 0 none, 1 encrypt then hash, 2 hash then decrypt, 3 encrypt only.
uint64_t wirecraft_mb_batch(void *opaque, unsigned hash, unsigned cipher, const struct message *messages, uint64_t count)
{
        IMB_MGR *manager = opaque;
        uint64_t done = 0;

        for (uint64_t i = 0; i < count; i++) {
                const struct message *m = &messages[i];
                IMB_JOB *job = IMB_GET_NEXT_JOB(manager);

                job->src = m->octets;
                job->hash_alg = hash_of(hash);
                job->hash_start_src_offset_in_bytes = 0;
                job->msg_len_to_hash_in_bytes = m->len;
                job->auth_tag_output = m->tag;
                job->auth_tag_output_len_in_bytes = hash == 2 ? 16 : 12;
                job->u.HMAC._hashed_auth_key_xor_ipad = m->ipad;
                job->u.HMAC._hashed_auth_key_xor_opad = m->opad;
                if (cipher == 0) {
                        job->cipher_mode = IMB_CIPHER_NULL;
                        job->cipher_direction = IMB_DIR_ENCRYPT;
                        job->chain_order = IMB_ORDER_HASH_CIPHER;
                } else {
                        job->cipher_mode = IMB_CIPHER_CBC;
                        job->enc_keys = m->enc_keys;
                        job->dec_keys = m->dec_keys;
                        job->key_len_in_bytes = 16;
                        job->dst = (uint8_t *) m->octets + m->clear;
                        job->cipher_start_src_offset_in_bytes = m->clear;
                        job->msg_len_to_cipher_in_bytes = m->len - m->clear;
                        job->iv = m->iv;
                        job->iv_len_in_bytes = 16;
                        job->cipher_direction = cipher == 2 ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
                        job->chain_order = cipher == 2 ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
                        if (cipher == 3)
                                job->hash_alg = IMB_AUTH_NULL;
                }
                job = IMB_SUBMIT_JOB_NOCHECK(manager);
                while (job != NULL) {
                        done += job->status == IMB_STATUS_COMPLETED;
                        job = IMB_GET_COMPLETED_JOB(manager);
                }
        }
        for (IMB_JOB *job = IMB_FLUSH_JOB(manager); job != NULL; job = IMB_FLUSH_JOB(manager))
                done += job->status == IMB_STATUS_COMPLETED;
        return done;
}
