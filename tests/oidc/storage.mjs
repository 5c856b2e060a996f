// What the authorization server keeps, in memory; nothing is ever dropped before it is asked for, so that
// an expired token is refused for its expiry.

export class Storage {
  #models = new Map();
  #graceSeconds;

  constructor(graceSeconds) {
    this.#graceSeconds = graceSeconds;
  }

  /** What `oidc-provider` wants: a constructor per kind of record. */
  adapter() {
    const models = this.#models;
    const graceSeconds = this.#graceSeconds;
    return class extends Adapter {
      constructor(kind) {
        super(models, kind, kind === 'RefreshToken' ? graceSeconds : 0);
      }
    };
  }

  /** Forgets every record of these kinds and says how many there were. */
  forget(kinds) {
    let forgotten = 0;
    for (const kind of kinds) {
      const records = this.#models.get(kind);
      forgotten += records?.size ?? 0;
      records?.clear();
    }
    return forgotten;
  }
}

// The methods and their meaning are those of the adapter interface of `oidc-provider`.
class Adapter {
  #records;
  #graceSeconds;

  constructor(models, kind, graceSeconds) {
    this.#graceSeconds = graceSeconds;
    if (!models.has(kind)) {
      models.set(kind, new Map());
    }
    this.#records = models.get(kind);
  }

  async upsert(id, record) {
    this.#records.set(id, record);
  }

  async find(id) {
    const record = this.#records.get(id);
    if (record?.consumed !== undefined && now() - record.consumed < this.#graceSeconds) {
      const { consumed, ...unused } = record;
      return unused;
    }
    return record;
  }

  async findByUid(uid) {
    return this.#first((record) => record.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#first((record) => record.userCode === userCode);
  }

  async consume(id) {
    const record = this.#records.get(id);
    if (record) {
      // The grace counts from the first use.
      record.consumed ??= now();
    }
  }

  async destroy(id) {
    this.#records.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, record] of this.#records) {
      if (record.grantId === grantId) {
        this.#records.delete(id);
      }
    }
  }

  #first(matches) {
    return [...this.#records.values()].find(matches);
  }
}

function now() {
  return Math.floor(Date.now() / 1000);
}
