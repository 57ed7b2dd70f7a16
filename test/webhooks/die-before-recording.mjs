/** Loaded before an engine: kills it between the commit of an order and the record of the first delivery of it. */
import mongoose from 'mongoose';

const { insertMany } = mongoose.Model;
mongoose.Model.insertMany = function killed(...given) {
  if (this.modelName === 'WebhookDelivery') process.kill(process.pid, 'SIGKILL');
  return Reflect.apply(insertMany, this, given);
};
